"""A table of dossiers is judged as each of its dossiers is alone: the same findings, and each rule as often so and so."""

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cadre_rules.audits.kernel import BulkJudge, Judged
from cadre_rules.cases import _dossiers
from cadre_rules.checks import check
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.errors import DossierError
from cadre_rules.findings import Finding
from cadre_rules.judging import AsOf, judge_of
from cadre_rules.reporting import writer_of
from cadre_rules.rulebook.loading import load_rulebook, pack_folder
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.reading import read_cases
from cadre_rules.rulebook.yaml import read_yaml
from small import SMALL, TODAY, appointment, layered, small
from test_fuzz import copied

FIXTURES = Path(__file__).parents[1] / "fixtures"
SHIPPED = ("vn", "province-example")
BIG = os.environ.get("HYPOTHESIS_PROFILE") == "full"
Found: TypeAlias = tuple[list[tuple[Any, ...]], Counter[tuple[Any, ...]]]
"""Findings in order, and how often which rule version came out how, by kind and year."""


@cache
def rulebook(*packs: str) -> Rulebook:
    return load_rulebook(*packs)


def bulk(book: Rulebook) -> BulkJudge:
    """The judge of tables of a rulebook, compiled once."""
    judge: BulkJudge = book.compiled.setdefault("bulk", BulkJudge(book))
    return judge


def plain(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def told(finding: Finding) -> tuple[Any, ...]:
    return (
        finding.rule,
        finding.subject,
        finding.rule_version,
        finding.outcome,
        finding.level,
        finding.provisional,
        finding.as_of,
        tuple((evidence.fact, plain(evidence.value)) for evidence in finding.evidence),
        tuple(tuple(wait.fact for wait in waits) for waits in finding.waits_for),
        finding.fingerprint,
    )


def plainly(dossiers: Iterable[Dossier], book: Rulebook, as_of: AsOf) -> Found:
    """Judge each dossier alone, as `check` does."""
    judge, writer = judge_of(book), writer_of(book, "vi")
    findings: list[tuple[Any, ...]] = []
    outcomes: Counter[tuple[Any, ...]] = Counter()
    for dossier in dossiers:
        judgements = list(judge.judgements(list(subjects_of(dossier)), as_of, TODAY, "plain"))
        findings += map(told, writer.findings(judgements))
        for judgement in judgements:
            version = f"{judgement.piece.rule.in_force.starts or 'always'}.r{judgement.piece.rule.revision}"
            outcomes[judgement.piece.rule.id, version, judgement.subject.kind, judgement.day.year, judgement.outcome] += 1
    return sorted(findings, key=repr), outcomes


def told_in_bulk(judged: Iterable[Judged]) -> Found:
    findings: list[tuple[Any, ...]] = []
    outcomes: Counter[tuple[Any, ...]] = Counter()
    for one in judged:
        for row in one.findings.iter_rows(named=True):
            evidence = tuple((each["fact"], each["value"]) for each in row["evidence"])
            waits = tuple(map(tuple, row["waits_for"]))
            own = [row[name] for name in ("rule", "subject", "rule_version", "outcome", "level", "provisional", "as_of")]
            findings.append((*own, evidence, waits, row["fingerprint"]))
        for row in one.outcomes.iter_rows(named=True):
            outcomes[row["rule"], row["rule_version"], row["kind"], row["year"], row["outcome"]] += row["count"]
    return sorted(findings, key=repr), outcomes


def in_bulk(dossiers: Sequence[Dossier], book: Rulebook, as_of: AsOf) -> Found:
    """Judge the dossiers as tables, one of each kind."""
    by_kind: dict[str, list[Dossier]] = defaultdict(list)
    for dossier in dossiers:
        by_kind[dossier.kind].append(dossier)
    return told_in_bulk(
        bulk(book).judge(kind, frame_of(listed, kind), as_of=as_of, today=TODAY) for kind, listed in by_kind.items()
    )


def differences(wanted: Found, got: Found) -> list[str]:
    """Say, rule and subject first, what only one of them told."""
    lines = []
    for what, only in (
        ("only alone", Counter(wanted[0]) - Counter(got[0])),
        ("only in bulk", Counter(got[0]) - Counter(wanted[0])),
    ):
        lines += [f"{rule} of {subject}, {what}: {rest}" for rule, subject, *rest in sorted(only, key=repr)[:5]]
    for key in sorted(wanted[1].keys() | got[1].keys()):
        if wanted[1][key] != got[1][key]:
            lines.append(f"{' '.join(map(str, key))}: {wanted[1][key]} times alone, {got[1][key]} in bulk")
    return lines


def assert_alike(dossiers: Sequence[Dossier], book: Rulebook, as_of: AsOf = "decision") -> Found:
    wanted = plainly(dossiers, book, as_of)
    lines = differences(wanted, in_bulk(dossiers, book, as_of))
    assert not lines, "\n".join(lines[:20])
    return wanted


def numbered(dossiers: Iterable[Dossier]) -> list[Dossier]:
    """Give the dossiers names of their own, and leave out those that say the same as one before."""
    alike = dict.fromkeys(dossier.model_copy(update={"id": ""}) for dossier in dossiers)
    return [dossier.model_copy(update={"id": f"d{number}"}) for number, dossier in enumerate(alike)]


# Cases


def case_dossiers(book: Rulebook, *packs: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the dossiers of every case on every day it names, as they are written."""
    for source in (source for pack in packs for source in read_cases(pack_folder(pack))[0]):
        for case in source.file.cases:
            for on in case.on or (None,):
                yield from _dossiers(source, case, on, book)


@cache
def cases(*packs: str) -> list[Dossier]:
    return numbered(map(read_dossier, case_dossiers(rulebook(*packs), *packs)))


@pytest.mark.once
@pytest.mark.parametrize("share", range(4))
def test_every_case_of_the_shipped_packs_is_judged_alike(share: int) -> None:
    """In shares, so that the cores share the work: alone, a dossier takes ten times as long as in a table."""
    assert_cases_alike(cases(*SHIPPED)[share::4])


@pytest.mark.once
@pytest.mark.parametrize("as_of", ["today", date(2021, 6, 1), date(2025, 8, 1)])
def test_cases_are_judged_alike_on_any_day(as_of: AsOf) -> None:
    assert_cases_alike(cases(*SHIPPED) if BIG else cases(*SHIPPED)[::8], as_of)


def assert_cases_alike(dossiers: Sequence[Dossier], as_of: AsOf = "decision") -> None:
    findings, outcomes = assert_alike(dossiers, rulebook(*SHIPPED), as_of)
    assert len(findings) > 1_000
    assert {key[-1] for key in outcomes} >= {"violated", "satisfied", "undetermined", "not_applicable"}


# Days


DAYS = (None, date(2019, 12, 31), date(2020, 12, 31), date(2021, 12, 31), date(2022, 1, 1), date(2023, 12, 31), date(2024, 1, 1))


@pytest.mark.parametrize("as_of", ["decision", "today", date(2022, 1, 1)])
@pytest.mark.parametrize("book", [small, pytest.param(layered, marks=pytest.mark.once)])
def test_days_stated_or_not_pick_the_same_law(book: Any, as_of: AsOf) -> None:
    days = [(started, decided, effective) for started in DAYS for decided in DAYS for effective in DAYS]
    dossiers = [
        appointment(
            days={"process_started": started, "decided": decided, "effective": effective},
            steps=[{"votes_for": votes}],
            post={"vacant": vacant},
            deputies_after=9,
        )
        for started, decided, effective in days
        for votes, vacant in ((15, False), (25, True), (None, None))
    ]
    _, outcomes = assert_alike(numbered(map(read_dossier, dossiers)), book(), as_of)
    assert {key[-1] for key in outcomes} >= {"violated", "satisfied", "undetermined"}


def test_a_figure_is_judged_by_its_own_day_if_it_has_one() -> None:
    figures = [
        {"id": f"{part} {on}", "group": "women", "body": body, "level": "province", "part": part, "whole": 40, "on": on}
        for on in (None, "2014-05-01", "2019", "05/2021", "2025-07-01", "2026-12-31")
        for body in ("committee", "peoples_council", "national_assembly")
        for part in (0, 9, 30, None)
    ]
    days = (None, date(2020, 1, 1), date(2025, 6, 30))
    raws = [{"kind": "statistics", "id": "s", "on": on, "figures": figures} for on in days]
    findings, outcomes = assert_alike(numbered(map(read_dossier, raws)), rulebook("vn"))
    assert len({finding[6] for finding in findings}) > 4
    assert len(outcomes) > 10


# Exceptions


def gated(book: Rulebook, packs: Sequence[str | Path]) -> Iterator[Dossier]:
    """Yield cases of rules that know exceptions, with one of every worth on file; the first of each rule and outcome."""
    allowed = [rule for rule in book.rules if rule.exception is not None]
    good = {"decided_by": "Ban Thường vụ", "reason": "x", "decided_on": "1990-01-01"}
    for source in (source for pack in packs for source in read_cases(pack_folder(pack))[0]):
        first = {(case.rule, case.expect): case for case in reversed(source.file.cases)}
        for rule in allowed:
            for case in (case for (name, _), case in first.items() if name == rule.id):
                level = {"level": rule.exception.levels[0]} if rule.exception is not None and rule.exception.levels else {}
                entry = {"entry": case.subject} if case.subject is not None else {}
                base = {"rule": rule.id, **good, **level, **entry}
                worth = [
                    [base],
                    [{**base, "reason": None}, base],
                    [{**base, "level": "commune"}],
                    [{**base, "level": None}],
                    [{**base, "decided_on": "2099-01-01"}],
                    [{**base, "expires_on": "1990-01-02"}],
                    [{**base, "entry": "another"}],
                    [{**base, "rule": book.rules[0].id}, {**base, "rule": "nobody"}],
                ]
                for on_file in worth:
                    for raw in _dossiers(source, case, None, book):
                        yield read_dossier({**raw, "exceptions": on_file})


@pytest.mark.parametrize("packs", [(SMALL,), pytest.param(("vn",), marks=pytest.mark.once)])
def test_exceptions_are_worth_the_same(packs: Sequence[str | Path]) -> None:
    book = load_rulebook(*packs) if packs == (SMALL,) else rulebook(*map(str, packs))
    dossiers = numbered(gated(book, packs))
    _, outcomes = assert_alike(dossiers if BIG else dossiers[:600], book)
    assert sum(count for key, count in outcomes.items() if key[-1] == "excepted") > 2


@pytest.mark.parametrize("packs", [(SMALL,), pytest.param(("vn",), marks=pytest.mark.once)])
def test_the_gate_tells_of_every_exception_on_file_the_same(packs: Sequence[str | Path]) -> None:
    book = load_rulebook(*packs) if packs == (SMALL,) else rulebook(*map(str, packs))
    dossiers = numbered(gated(book, packs))[:300]
    alone = [astuple(one) for one in check(dossiers, book, today=TODAY, engine="plain").exceptions]
    by_kind = {kind: [dossier for dossier in dossiers if dossier.kind == kind] for kind in DOSSIERS}
    tables = [bulk(book).judge(kind, frame_of(some, kind), today=TODAY) for kind, some in by_kind.items() if some]
    together = [row for table in tables for row in table.exceptions.iter_rows()]
    assert sorted(map(str, together)) == sorted(map(str, alone))
    assert {state for _, _, state, *_ in together} >= {"used", "unused", "unreasoned", "misdated", "not_allowed", "expired"}


# Heads


@pytest.mark.parametrize("as_of", ["decision", "today", date(2022, 6, 1)])
@pytest.mark.parametrize("packs", [("small",), pytest.param(SHIPPED, marks=pytest.mark.once)])
def test_what_dossiers_of_one_head_add_up_to_is_judged_alike(packs: Sequence[str], as_of: AsOf) -> None:
    book = small() if packs == ("small",) else rulebook(*packs)
    listed = (
        numbered(map(read_dossier, case_dossiers(small(), SMALL))) if packs == ("small",) else cases(*packs)[:: 1 if BIG else 12]
    )
    dossiers = []
    for number, dossier in enumerate(listed):
        authority = {
            "head": (None, "Ông A", "Bà B", "Ông A", "", f"Ông {number}")[number % 6],
            "office": (None, "", "Sở A", "Sở B")[number % 4],
        }
        dossiers.append(read_dossier({**dict(dossier), "authority": {**dict(dossier.authority or ()), **authority}}))
    report = check(dossiers, book, as_of=as_of, today=TODAY, engine="plain")
    judge = bulk(book)
    by_kind = {kind: [dossier for dossier in dossiers if dossier.kind == kind] for kind in DOSSIERS}
    tables = [judge.judge(kind, frame_of(some, kind), as_of=as_of, today=TODAY) for kind, some in by_kind.items()]
    heads = judge.judge_heads(pl.concat([one.heads for one in tables], how="diagonal"), as_of=as_of, today=TODAY)
    findings, outcomes = told_in_bulk([*tables, heads])
    assert findings == sorted(map(told, report.findings), key=repr)
    counted: Counter[str] = Counter()
    for key, count in outcomes.items():
        counted[key[-1]] += count
    assert counted == report.by_outcome
    assert heads.outcomes.height
    named = {f"{office} ({head})" for office in ("Sở A", "Sở B") for head in ("Ông A", "Bà B")}
    assert {row["subject"] for row in heads.findings.iter_rows(named=True)} <= {"Ông A", "Bà B", *named}


# Whole dossiers, drawn


@cache
def raws() -> dict[str, list[dict[str, Any]]]:
    """Dossiers as people hand them in, by kind: of the fixtures, and of some cases."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(FIXTURES.rglob("*.yaml")):
        document, _ = read_yaml(path.read_text("utf-8"), path)
        value = unfrozen(document.value)
        for raw in value.get("dossiers", [value]):
            found[raw["kind"]].append(raw)
    for raw in list(case_dossiers(rulebook("vn"), "vn"))[::15]:
        found[raw["kind"]].append(raw)
    return found


def unfrozen(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: unfrozen(inside) for key, inside in value.items()}
        case list() | tuple():
            return [unfrozen(inside) for inside in value]
        case _:
            return value


def holders(value: Any) -> Iterator[Any]:
    """Yield every mapping and list inside a value, itself first."""
    if isinstance(value, (dict, list)):
        yield value
        for inside in value.values() if isinstance(value, dict) else value:
            yield from holders(inside)


DATES = [date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), date(2025, 6, 30), date(2025, 7, 1), date(2020, 1, 31), TODAY]
LOOSE = ["1975", "03/1975", "2024-02", 1961, "năm 2020", "12/2019"]
COUNTS = [0, 1, 2, 3, 5, 50, 10**12 - 1]
AREAS = ["Thanh Hoá", "xã A, huyện B, tỉnh Thanh Hóa", "phường C, thành phố Hải Phòng", "tỉnh Hải Dương", "31", "nơi khác"]


def altered(value: Any, random: Random) -> Any:
    """Return another value that may stand in the place of one."""
    match value:
        case list():
            again = [copied(random.choice(value))] if value else []
            return random.choice([[], value[::-1], [*value, *again], value[1:], value[:-1], None])
        case dict() if {"province", "district", "commune"} & value.keys():
            return random.choice(AREAS)
        case dict():
            return random.choice([{}, None])
        case bool():
            return not value
        case int():
            return random.choice([*COUNTS, value + 1, max(value - 1, 0), str(value)])
        case date():
            near = value + timedelta(days=random.choice([-366, -31, -1, 1, 31, 366])) if 2 < value.year < 9998 else value
            return random.choice([*DATES, near, near, *LOOSE, value.strftime("%d/%m/%Y") if value.year > 999 else value])
        case str() if any(mark.isdigit() for mark in value):
            return random.choice([*DATES, *LOOSE, *map(str, COUNTS), value.upper()])
        case str():
            odd = [unicodedata.normalize("NFD", value), value.upper(), value.title(), f"  {value.replace(' ', '  ')} "]
            return random.choice([*odd, value.replace("oá", "óa"), value.replace("ủy", "uỷ"), *AREAS])
        case _:
            return value


def change(raw: dict[str, Any], random: Random) -> None:
    """Leave out or alter something, at any depth."""
    holder = random.choice([one for one in holders(raw) if one])
    key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    if random.random() < 0.4:
        del holder[key]
    else:
        holder[key] = altered(holder[key], random)


def drawn(kind: str, random: Random, number: int) -> Dossier:
    """Return a dossier with a few changes; one that makes it unreadable is taken back."""
    raw = copied(random.choice(raws()[kind])) | {"id": f"d{number}"}
    for _ in range(random.choice([0, 1, 2, 4, 8])):
        changed_one = copied(raw)
        change(changed_one, random)
        try:
            read_dossier(changed_one)
        except DossierError:
            continue
        raw = changed_one | {"id": f"d{number}"}
    return read_dossier(raw)


@settings(max_examples=max(1, settings().max_examples // 40), phases=(Phase.explicit, Phase.generate))
@given(
    st.sampled_from(sorted(DOSSIERS)),
    st.randoms(use_true_random=False),
    st.sampled_from(["decision", "decision", "today", date(2021, 6, 1), date(2025, 8, 1)]),
)
def test_whatever_dossiers_are_drawn_they_are_judged_alike(kind: str, random: Random, as_of: AsOf) -> None:
    assert_alike([drawn(kind, random, number) for number in range(100)], rulebook("vn"), as_of)
