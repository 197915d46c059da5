"""Every provision of the pack has exactly one fate: something rests on it, or it says why nothing does."""

from small import vn


def cited() -> set[str]:
    found = {name for rule in vn().rules for name in rule.provisions}
    found |= {rule.exception.provision for rule in vn().rules if rule.exception is not None}
    found |= {v.provision for versions in vn().definitions.values() for v in versions if v.provision}
    found |= {version.provision for versions in vn().parameters.values() for version in versions}
    return found | {table.provision for table in vn().tables.values()}


def test_every_provision_has_a_fate() -> None:
    assert [p.id for p in vn().provisions.values() if p.id not in cited() and p.left_out is None] == []


def test_no_provision_has_two_fates() -> None:
    assert [p.id for p in vn().provisions.values() if p.id in cited() and p.left_out is not None] == []


def test_nothing_rests_firmly_on_what_was_not_seen() -> None:
    for rule in vn().rules:
        if vn().grade(rule) == "confirmed":
            assert all(vn().provisions[name].evidence == "confirmed" for name in rule.provisions)


def test_every_rule_speaks_both_languages_and_names_who_answers() -> None:
    for rule in vn().rules:
        assert rule.title.vi != rule.title.en, rule.id
        assert rule.responsible is not None, rule.id
