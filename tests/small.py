"""The packs the tests judge by, each read once: the small one, as it is or with changes, and the shipped one."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from cadre_rules.checks import check
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.findings import Finding, Report
from cadre_rules.judging import AsOf, Judgement, judge_of
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.rulebook.model import Rulebook

PACKS = Path(__file__).parent / "packs"
SMALL, LOCAL = PACKS / "small", PACKS / "local"
TODAY = date(2026, 11, 23)


@cache
def small() -> Rulebook:
    return load_rulebook(SMALL)


@cache
def vn() -> Rulebook:
    return load_rulebook("vn")


@cache
def layered() -> Rulebook:
    return load_rulebook(SMALL, LOCAL)


def copy_pack(pack: Path, folder: Path, changes: Sequence[tuple[str, str, str]] = ()) -> Path:
    """Write a pack with texts replaced, file by file; each replaced text must be there exactly once."""
    texts = {path.relative_to(pack).as_posix(): path.read_text("utf-8") for path in sorted(pack.rglob("*.yaml"))}
    for name, old, new in changes:
        file = next(file for file in texts if file.endswith(name))
        assert texts[file].count(old) == 1, f"{old!r} stands {texts[file].count(old)} times in {file}"
        texts[file] = texts[file].replace(old, new)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def appointment(**fields: Any) -> dict[str, Any]:
    """An appointment that meets every rule of the small pack."""
    return {
        "kind": "appointment",
        "id": "d",
        "decision": "appointment",
        "deputies_after": 1,
        "person": {"kin": [], "planning": [{"active": True}], "discipline": []},
        "post": {"title": "Giám đốc", "unit": "Sở A", "vacant": True},
        "steps": [{"votes_for": 30}],
        "assessments": [{"criterion": "sound-character"}],
        "days": {"process_started": "2021-02-01", "decided": "2021-06-01", "effective": "2021-07-01"},
    } | fields


def judged(raw: Any, rulebook: Rulebook | None = None, as_of: AsOf = "decision", engine: Any = "durable") -> list[Judgement]:
    given: list[Mapping[str, Any]] = raw if isinstance(raw, list) else [raw]
    subjects = [subject for dossier in map(read_dossier, given) for subject in subjects_of(dossier)]
    return list(judge_of(rulebook or small()).judgements(subjects, as_of, TODAY, engine))


def outcomes(raw: Any, rulebook: Rulebook | None = None, as_of: AsOf = "decision") -> dict[str, str]:
    """Return the outcome of each rule; a rule judged of several subjects must come out the same."""
    found: dict[str, str] = {}
    for judgement in judged(raw, rulebook, as_of):
        rule = judgement.piece.rule.id
        assert found.setdefault(rule, judgement.outcome) == judgement.outcome, rule
    return found


def report_of(raw: Any, rulebook: Rulebook | None = None, **options: Any) -> Report:
    return check(raw, rulebook or small(), **{"today": TODAY, **options})


def finding_of(raw: Any, rule: str, rulebook: Rulebook | None = None, **options: Any) -> Finding:
    (finding,) = (f for f in report_of(raw, rulebook, **options).findings if f.rule == rule)
    return finding
