"""Whatever rules are drawn over whatever definitions, durable_rules, the plain matcher and tables of columns judge alike."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cadre_rules.dossier.people import Appointment
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.judging import judge_of
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.schema import ALL_TIME, Condition, Definition, Every, Not, Rule, Some
from cadre_rules.rulebook.schema import Test as Comparison
from small import TODAY, small
from test_deriving import PROVINCES
from test_fact_columns import POOLS, TABLE, expressions, rows
from test_kernel import assert_alike

KINDS = ["bool", "int", "date", "str"]
ORDER = ["at_least", "at_most", "above", "below"]
SWITCH = date(2021, 6, 1)
WORDS = {"vi": "x", "en": "x"}
ON_FILE = {"reason": "x", "decided_by": "Ban Thường vụ", "level": "province", "decided_on": "1990-01-01"}


def comparisons(facts: Mapping[str, str]) -> st.SearchStrategy[Condition]:
    """Draw a fact beside a constant of its kind."""

    @st.composite
    def one(draw: st.DrawFn) -> Condition:
        fact = draw(st.sampled_from(sorted(facts)))
        ordered = facts[fact] in ("int", "date")
        word = draw(st.sampled_from(["equals", "one_of", "stated", *(ORDER if ordered else [])]))
        constants = st.sampled_from(POOLS[facts[fact]])
        some = st.lists(constants, min_size=1, max_size=3, unique=True).map(tuple)
        given: Any = True if word == "stated" else draw(some if word == "one_of" else constants)
        return Comparison.model_validate({"fact": fact, word: given})

    return one()


def conditions(facts: Mapping[str, str]) -> st.SearchStrategy[Condition]:
    def grown(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        members = st.lists(inner, min_size=1, max_size=3).map(tuple)
        every, some = members.map(lambda some: Every(every=some)), members.map(lambda some: Some(some=some))
        return every | some | inner.map(lambda one: Not.model_validate({"not": one}))

    return st.recursive(comparisons(facts), grown, max_leaves=5)


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    """Draw a few definitions, each of which may read those before and may change on a day, and a few rules over them."""
    kinds: dict[str, str] = {}
    defined: dict[tuple[str, str], tuple[Definition, ...]] = {}
    for number in range(draw(st.integers(1, 4))):
        name, kind = f"f{number}", draw(st.sampled_from(KINDS))
        windows: list[Any] = [{"until": SWITCH}, {"from": SWITCH}] if draw(st.booleans()) else [ALL_TIME]
        defined["appointment", name] = tuple(
            Definition.model_validate(
                {"id": name, "kind": kind, "subject": ("appointment",), "label": WORDS, "in_force": window}
                | {"value": draw(expressions(kind, 2, None, dict(kinds)))}
            )
            for window in windows
        )
        kinds[name] = kind
    rules = tuple(draw(one_rule(f"r{number}", kinds)) for number in range(draw(st.integers(1, 4))))
    return replace(
        small(),
        definitions=defined,
        rules=rules,
        rows={**TABLE, "provinces": tuple(PROVINCES)},
        switched_off=(),
        digests=(),
        compiled={},
    )


@st.composite
def one_rule(draw: st.DrawFn, name: str, facts: Mapping[str, str]) -> Rule:
    raw: dict[str, Any] = {
        "id": name,
        "topic": "numbers",
        "subject": ("appointment",),
        "provisions": (draw(st.sampled_from(["A1", "B1", "B2"])),),
        "force": draw(st.sampled_from(["must", "must_not", "target", "indicator"])),
        "in_force": draw(st.sampled_from([{}, {"from": SWITCH}, {"until": date(2022, 1, 1)}])),
        "hangs_on": draw(st.sampled_from(["decided", "process_started", "effective"])),
        **dict.fromkeys(("title", "message", "remedy"), WORDS),
        "applies_when": draw(st.none() | conditions(facts)),
        "requires": draw(conditions(facts)),
    }
    if draw(st.booleans()):
        raw["exception"] = {"provision": "A1", "levels": draw(st.sampled_from([(), ("province",)])), "by": WORDS}
    if name != "r0" and draw(st.booleans()):
        raw["rival"] = "r0"
    return Rule.model_validate(raw)


def dossiers() -> list[Appointment]:
    """Return appointments of which some have exceptions on file, for the rules that know any."""
    files = [None, [], [{"rule": "r0", **ON_FILE}], [{"rule": "r1", **ON_FILE}, {"rule": "r0", **ON_FILE, "level": "commune"}]]
    return [
        Appointment.model_validate({**dict(row), "exceptions": files[number % len(files)]})
        for number, row in enumerate(rows()[:60])
    ]


@settings(max_examples=max(3, settings().max_examples // 10), phases=(Phase.explicit, Phase.generate))
@given(rulebooks(), st.sampled_from(["decision", "decision", "today", SWITCH]))
def test_whatever_rules_are_drawn_every_engine_judges_alike(rulebook: Rulebook, as_of: Any) -> None:
    listed = dossiers()
    assert_alike(listed, rulebook, as_of)
    judge = judge_of(rulebook)
    for dossier in listed:
        subjects = list(subjects_of(dossier))
        verified, plain = (
            [
                (one.piece.rule.id, one.day, one.outcome, one.level, one.clause)
                for one in judge.judgements(subjects, as_of, TODAY, engine)
            ]
            for engine in ("durable", "plain")
        )
        assert verified == plain
