"""A report does not depend on who else is judging."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cadre_rules.rulebook.loading import load_rulebook
from small import SMALL, appointment, report_of

KIN = {"unit": "Sở A", "current": True}
DOSSIERS: list[dict[str, Any]] = [
    appointment(),
    appointment(deputies_after=9, steps=[], authority={"head": "H"}),
    appointment(person={}, days={}),
    appointment(person={"kin": [KIN, KIN], "discipline": [{"form": "warning", "decided_on": "2020-01-01"}]}),
    {"kind": "body", "id": "b", "body": "committee", "on": "2021-01-01", "members": [{"sex": "nam"}, {"sex": "nữ"}]},
    {"kind": "planning", "id": "p", "approved_on": "2021-06-01", "entries": [{"id": "e", "birth_date": 1950}]},
]


def test_eight_threads_give_the_same_bytes_as_one() -> None:
    alone = load_rulebook(SMALL)
    wanted = [report_of(raw, alone, lang=lang).to_json() for raw in DOSSIERS for lang in ("vi", "en")]
    for _ in range(3):
        shared = load_rulebook(SMALL)  # compiled by whichever thread comes first

        def work(_thread: int, shared: Any = shared) -> list[str]:
            found = []
            for _ in range(10):
                found = [report_of(raw, shared, lang=lang).to_json() for raw in DOSSIERS for lang in ("vi", "en")]
                assert found == wanted
            return found

        with ThreadPoolExecutor(8) as pool:
            assert all(found == wanted for found in pool.map(work, range(8)))


def test_the_same_input_gives_the_same_bytes() -> None:
    given = [raw | {"id": f"d{n}"} for n, raw in enumerate(DOSSIERS)]
    first = report_of(given).to_json()
    assert all(report_of(given, load_rulebook(SMALL)).to_json() == first for _ in range(5))
    assert all(report_of(given, engine="plain").to_json() == first for _ in range(2))


def test_the_language_changes_words_and_nothing_else() -> None:
    told = [report_of([raw | {"id": f"d{n}"} for n, raw in enumerate(DOSSIERS)], lang=lang) for lang in ("vi", "en")]
    plain = [[(f.rule, f.subject, f.level, f.outcome, f.fingerprint) for f in report.findings] for report in told]
    assert plain[0] == plain[1]
