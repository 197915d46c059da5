"""Show what a rulebook holds: rules in force by topic, and one rule explained, also for a dossier."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

from cadre_rules.dossier.fields import code_text, fields_of
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.errors import SourceError
from cadre_rules.expression import Expression, Fact, paths, walk
from cadre_rules.judging import AsOf, Judgement, judge_of
from cadre_rules.mending import Mender
from cadre_rules.names import did_you_mean
from cadre_rules.reporting import Writer, citation_of, writer_of
from cadre_rules.rulebook.checking import conditions_in, facts_in
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.schema import Condition, Every, Not, ParameterRef, Rule, Some, Test
from cadre_rules.wording import day_text, phrase, value_text

Path: TypeAlias = tuple[str, ...]


def rules_in_force(rulebook: Rulebook, on: date | None) -> dict[str, list[Rule]]:
    """Return the rule versions in force on a day (all, without one) by topic, in a stable order."""
    found = [rule for rule in rulebook.rules if on is None or rule.in_force.covers(on)]
    ordered = sorted(found, key=lambda rule: (rule.topic, rule.id, rule.in_force.first))
    return {topic: list(rules) for topic, rules in groupby(ordered, key=attrgetter("topic"))}


def rules_as_plain(rulebook: Rulebook, on: date | None, lang: str) -> list[dict[str, Any]]:
    """Return the rules in force as plain values."""
    return [
        {
            "id": rule.id,
            "topic": topic,
            "title": rule.title.of(lang),
            "force": rule.force,
            "from": rule.in_force.starts,
            "until": rule.in_force.until,
            "grade": rulebook.grade(rule),
            "criteria": list(rule.criteria),
            "provisions": [citation_text(rulebook, name, lang) for name in rule.provisions],
        }
        for topic, rules in rules_in_force(rulebook, on).items()
        for rule in rules
    ]


def rules_as_text(rulebook: Rulebook, on: date | None, lang: str) -> Iterator[str]:
    """Yield the rules in force by topic, one line each."""
    topics = rules_in_force(rulebook, on)
    for topic, rules in topics.items():
        yield f"{topic} ({len(rules)})"
        for rule in rules:
            yield f"  {rule.id:<44} {rule.title.of(lang)}"
            yield f"  {'':<44} {citation_text(rulebook, rule.provisions[0], lang)}; {window_text(rule, lang)}"
    yield phrase("total_rules", lang, n=sum(map(len, topics.values())), day=day_text(on, lang) if on else "–")


def citation_text(rulebook: Rulebook, name: str, lang: str) -> str:
    """Return a provision as people cite it, with its id and evidence grade."""
    citation = citation_of(rulebook, name)
    return f"{citation.text(lang)} [{name}, {phrase('grade_' + citation.grade, lang)}]"


def window_text(rule: Rule, lang: str) -> str:
    """Return when a rule version holds."""
    ends = [day_text(day, lang) if day else "…" for day in (rule.in_force.starts, rule.in_force.until)]
    return f"{phrase('in_force', lang)}: {' → '.join(ends)}"


def versions_of(rulebook: Rulebook, name: str) -> tuple[Rule, ...]:
    """Return the versions of a rule, or say which rule was probably meant."""
    versions = rulebook.rules_named(name)
    if not versions:
        raise SourceError(name, f"no such rule{did_you_mean(name, {rule.id for rule in rulebook.rules})}")
    return versions


def explain(rulebook: Rulebook, name: str, lang: str) -> Iterator[str]:
    """Yield what a rule says, on what text, when, and what it needs to know."""
    for rule in versions_of(rulebook, name):
        yield f"{rule.id} – {rule.title.of(lang)}"
        yield f"  {window_text(rule, lang)} ({phrase('hangs_on', lang)}: {phrase('day_' + rule.hangs_on, lang)})"
        yield f"  {phrase('force', lang)}: {phrase('force_' + rule.force, lang)}"
        for provision in rule.provisions:
            yield f"  {phrase('article', lang)}: {citation_text(rulebook, provision, lang)}"
            yield f"    {rulebook.provisions[provision].says.of(lang)}"
        for at, condition in conditions_in(rule):
            if len(at) == 1:
                yield f"  {phrase(str(at[0]), lang)}:"
            depth = sum(isinstance(step, str) for step in at)
            yield f"{'  ' * depth}  {_condition(rulebook, rule, condition, lang)}"
        excepted = [rule.exception] if rule.exception is not None else []
        told = [
            *(("special_case", f"{one.by.of(lang)} ({citation_text(rulebook, one.provision, lang)})") for one in excepted),
            ("do", rule.remedy.of(lang)),
            ("needs", ", ".join(sorted(fields_needed(rulebook, rule)))),
            *(("note", words.of(lang)) for words in (rule.fidelity_reason, rule.needs_review) if words is not None),
            *(("not_encoded", f"{part.text.of(lang)} ({part.reason.of(lang)})") for part in rule.not_encoded),
        ]
        yield from _headed(told, lang)
        yield ""


def _headed(told: Iterable[tuple[str, str]], lang: str) -> Iterator[str]:
    """Yield each text behind the set phrase that heads it."""
    return (f"  {phrase(key, lang)}: {text}" for key, text in told)


def _condition(rulebook: Rulebook, rule: Rule, condition: Condition, lang: str) -> str:
    if not isinstance(condition, Test):
        return phrase(_COMBINED[type(condition)], lang)
    definition = rulebook.definitions[rule.subject[0], condition.fact][-1]
    word, constant = condition.comparison
    value = _constant(rulebook, constant, definition.unit, lang)
    return f"{definition.label.of(lang)} {phrase(word, lang)} {value}".rstrip()


_COMBINED: Mapping[type, str] = {Every: "every", Some: "some", Not: "not"}


def _constant(rulebook: Rulebook, constant: Any, unit: str | None, lang: str) -> str:
    if isinstance(constant, ParameterRef):
        values = {_constant(rulebook, version.value, unit, lang): None for version in rulebook.parameters[constant.param]}
        return f"{' / '.join(values)} ({constant.param})"
    each = constant if isinstance(constant, tuple) else (constant,)
    return ", ".join(code_text(one, lang) if isinstance(one, str) else value_text(one, unit, lang) for one in each)


def fields_needed(rulebook: Rulebook, rule: Rule) -> set[str]:
    """Return the fields of the dossier a rule reads through its facts."""
    return {
        ".".join(path) for subject in rule.subject for path in paths_read(rulebook, rule, subject) if path in fields_of(subject)
    }


def paths_read(rulebook: Rulebook, rule: Rule, subject: str) -> set[Path]:
    """Return the paths a rule about a subject reads through its facts, those inside the elements of lists too."""
    return {path for fact in facts_in(rule) for path in paths_of(rulebook, subject, Fact(fact))}


def paths_of(rulebook: Rulebook, subject: str, expression: Expression) -> frozenset[Path]:
    """Return the paths an expression reads, also through other facts."""
    named = {node.name for node in walk(expression) if isinstance(node, Fact)}
    behind = {name for fact in named for name in rulebook.behind.get((subject, fact), ())}
    versions = [version.value for name in behind for version in rulebook.definitions[subject, name]]
    return frozenset(path for value in (expression, *versions) for path in paths(value))


def explain_for(rulebook: Rulebook, name: str, dossiers: Sequence[Dossier], as_of: AsOf, today: date, lang: str) -> Iterator[str]:
    """Yield how a rule came out for each subject of the dossiers: the clause that fired, what would mend it, what is missing."""
    subjects = [subject for dossier in dossiers for subject in subjects_of(dossier)]
    writer, mender = writer_of(rulebook, lang), Mender(judge_of(rulebook), lang, as_of, today)
    found = [j for j in judge_of(rulebook).judgements(subjects, as_of, today, "durable") if j.piece.rule.id == name]
    if not found:
        yield phrase("not_judged", lang)
    for judgement in found:
        law = f"{phrase('law_of', lang)} {day_text(judgement.day, lang)}"
        yield f"{judgement.subject.title}: {phrase(judgement.outcome, lang)} ({law})"
        yield from _grounds(judgement, writer, mender, lang)


def _grounds(judgement: Judgement, writer: Writer, mender: Mender, lang: str) -> Iterator[str]:
    for test in judgement.clause:
        told, unit = writer.told(judgement.bench, test.fact), judgement.bench.court.program.defined[test.fact].unit
        bound = f" ({test.relation} {value_text(test.constants[0], unit, lang)})" if test.relation[0] in "<>" else ""
        yield f"  {told.label}: {told.text}{bound}" + (f"  [{told.place}]" if told.place else "")
    for finding in [mender.mended(found, judgement) for found in writer.findings([judgement])]:
        asked = ([(one.ask or (one.label,), one.missing or (one.fact,)) for one in way] for way in finding.waits_for)
        waiting = ([f"{ask} [{place}]" for both in way for ask, place in zip(*both, strict=True)] for way in asked)
        also = [
            *(("waiting", ", ".join(places)) for places in waiting),
            *(("mended_by", " + ".join(change.text for change in changes)) for changes in finding.mended_by),
            *(("note", note) for note in finding.notes),
        ]
        yield from _headed(also, lang)
