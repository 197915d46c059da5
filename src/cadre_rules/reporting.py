"""Write a judgement down as a finding: message, evidence, article, remedy, who answers."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any

from cadre_rules.dossier.fields import code_text, field_at, field_name, fields_of
from cadre_rules.expression import Field, Outcomes, walk
from cadre_rules.findings import Citation, Evidence, Finding, Met, Share, Wait, fingerprint
from cadre_rules.formula import Scalar
from cadre_rules.judging import Bench, Judgement, Tally
from cadre_rules.program import share_judged
from cadre_rules.rulebook.checking import PLACEHOLDER
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.schema import Definition, Rule
from cadre_rules.waiting import can_be_violated, settling_sets
from cadre_rules.wording import COUNTED, Level, day_text, phrase, value_text

MAX_SETS = 3
"""Alternative sets of facts told for one undetermined rule."""


_STRIVEN_FOR = ("target", "encouraged")


def version_of(rule: Rule) -> str:
    """Return what a version of a rule is called in findings: the day it came into force, and its revision."""
    return f"{rule.in_force.starts or 'always'}.r{rule.revision}"


def is_told(judgement: Judgement) -> bool:
    """Tell whether a judgement calls for a finding."""
    if judgement.level is None:
        return False
    settled = judgement.outcome != "undetermined" or judgement.awaits_day is not None
    return settled or can_be_violated(judgement.piece.verdicts, judgement.bench.row)


def writer_of(rulebook: Rulebook, lang: str) -> "Writer":
    """Return the writer of a rulebook's findings in one language, kept with it."""
    key = f"writer {lang}"
    writer: Writer = rulebook.compiled.get(key) or rulebook.compiled.setdefault(key, Writer(rulebook, lang))
    return writer


class Writer:
    """Writes findings in one language."""

    def __init__(self, rulebook: Rulebook, lang: str) -> None:
        self._book, self._lang = rulebook, lang
        self.cited = cache(partial(citation_of, rulebook))

    def findings(self, judgements: Iterable[Judgement]) -> Iterator[Finding]:
        """Yield the finding each judgement calls for, if any."""
        for judgement in judgements:
            if judgement.level is not None and is_told(judgement):
                yield self._finding(judgement, judgement.level)

    def met(self, judgements: Iterable[Judgement]) -> Iterator[Met]:
        """Yield the targets judgements show to be met."""
        for judgement in judgements:
            if judgement.outcome == "satisfied" and judgement.piece.force in _STRIVEN_FOR:
                rule = judgement.piece.rule
                told = [e.text for e in self._evidence(judgement) if not isinstance(e.value, bool)]
                yield Met(rule.id, self._filled(rule.title.of(self._lang), judgement), judgement.subject.id, "; ".join(told))

    def shares(self, judgements: Iterable[Judgement]) -> Iterator[Share]:
        """Yield the shares judged against a target, met or missed."""
        for judgement in judgements:
            if judgement.piece.force in _STRIVEN_FOR and judgement.outcome in ("satisfied", "violated", "excepted"):
                fact, target = share_judged(judgement.bench.court.program, judgement.piece) or ("", None)
                if isinstance(share := judgement.bench.row.get(fact), int):
                    rule, met = judgement.piece.rule, judgement.outcome == "satisfied"
                    title = self._filled(rule.title.of(self._lang), judgement)
                    yield Share(rule.id, title, judgement.subject.id, judgement.day, share, target, met)

    def _finding(self, judgement: Judgement, level: Level) -> Finding:
        rule = judgement.piece.rule
        undetermined = judgement.outcome == "undetermined"
        waits = tuple(self._waits(judgement)) if undetermined else ()
        evidence = () if undetermined else tuple(self._evidence(judgement))
        message, remedy = rule.message.of(self._lang), rule.remedy.of(self._lang)
        if undetermined:
            asked = f" {phrase('or', self._lang)} ".join(
                ", ".join(a for wait in s for a in wait.ask or (wait.label,)) for s in waits
            )
            message, remedy = phrase("missing_title", self._lang), phrase("state", self._lang, fields=asked)
        breaches = self._breaches(judgement)
        rules = [rule] if judgement.rival is None else [rule, judgement.rival.piece.rule]
        failing = [(e.fact, e.value) for e in evidence] or [(wait.fact, None) for s in waits for wait in s]
        return Finding(
            rule=rule.id,
            rule_version=version_of(rule),
            topic=rule.topic,
            title=self._filled(rule.title.of(self._lang), judgement),
            level=level,
            outcome=judgement.outcome,
            provisional=self._provisional(judgement, breaches),
            subject=judgement.subject.id,
            as_of=judgement.day,
            message=self._filled(message, judgement),
            evidence=evidence,
            waits_for=waits,
            remedy=self._filled(remedy, judgement),
            responsible=self._responsible(judgement),
            provisions=tuple(self.cited(name) for cited in rules for name in cited.provisions),
            questions=tuple(question.of(self._lang) for question in rule.questions) if level == "judgement_needed" else (),
            notes=tuple(self._notes(judgement, breaches)),
            fingerprint=fingerprint(rule.id, judgement.subject.id, failing),
        )

    def _provisional(self, judgement: Judgement, breaches: Sequence[Judgement] = ()) -> bool:
        """Tell whether a finding rests on less than confirmed texts, itself or through the breaches it counts."""
        rule = judgement.piece.rule
        read_in_full = self._book.grade(rule) == "confirmed" and rule.needs_review is None
        return not read_in_full or (bool(breaches) and all(map(self._provisional, breaches)))

    def _breaches(self, judgement: Judgement) -> Sequence[Judgement]:
        """Return the breaches a rule of the second pass has counted."""
        tally, piece, facts = judgement.bench.row.scope.tally, judgement.piece, judgement.bench.court.program.facts
        if not piece.second_pass or not isinstance(tally, Tally):
            return ()
        counted = (node for fact in piece.facts.values() for node in walk(facts[fact]) if isinstance(node, Outcomes))
        return [breach for node in counted if "violated" in node.outcomes for breach in tally.matching(node)]

    def _filled(self, text: str, judgement: Judgement) -> str:
        """Put values in place of the facts a text names."""
        bench, names = judgement.bench, judgement.piece.facts
        return PLACEHOLDER.sub(lambda found: self._fact_text(bench, names[found[1]], in_sentence=True), text)

    def _evidence(self, judgement: Judgement) -> Iterator[Evidence]:
        """Yield the facts the clause that fired tests, then those the message names."""
        piece = judgement.piece
        named = [piece.facts[name] for name in PLACEHOLDER.findall(piece.rule.message.of(self._lang))]
        told = dict.fromkeys([*[test.fact for test in judgement.clause], *named])
        return (self.told(judgement.bench, name) for name in told)

    def told(self, bench: Bench, name: str) -> Evidence:
        """Return a fact of a subject as evidence."""
        subject, definition = bench.subject, bench.court.program.defined[name]
        read = bench.tracer.trace(name).read
        paths = tuple(map(subject.place, read))
        stated = [f"{place} = {self._stated(subject.kind, *at)}" for place, at in zip(paths, read.items(), strict=True)]
        text = self._fact_text(bench, name)
        return Evidence(definition.id, definition.label.of(self._lang), bench.row[name], text, "; ".join(stated), paths)

    def _fact_text(self, bench: Bench, name: str, *, in_sentence: bool = False) -> str:
        program = bench.court.program
        return self.fact_text(program.subject, program.defined[name], bench.row[name], in_sentence=in_sentence)

    def fact_text(self, subject: str, definition: Definition, value: Scalar | None, *, in_sentence: bool = False) -> str:
        """Return a fact's value as people read it, codes by their names; a sentence brings its own noun."""
        if isinstance(value, str):
            infos = (fields_of(subject).get(node.path) for node in walk(definition.value) if isinstance(node, Field))
            coded = next((info for info in infos if info is not None and info.codes), None)
            return coded.text(value, self._lang) if coded is not None else code_text(value, self._lang)
        unit = None if in_sentence and definition.unit in COUNTED else definition.unit
        return value_text(value, unit, self._lang)

    def _stated(self, kind: str, path: str, value: Any) -> str:
        info = field_at(kind, path)
        assert info is not None, path
        if info.kind == "list":
            return phrase("elements", self._lang, n=value) if value else phrase("no_elements", self._lang)
        return info.text(value, self._lang)

    def _waits(self, judgement: Judgement) -> Iterator[tuple[Wait, ...]]:
        if judgement.awaits_day is not None:
            path = judgement.subject.dossier.day_fields[judgement.awaits_day] if judgement.subject.dossier else ""
            name = field_name(judgement.subject.kind, path, self._lang)
            yield (Wait(path, name, (path,), (name,)),)
            return
        for facts in settling_sets(judgement.piece.verdicts, judgement.bench.row)[:MAX_SETS]:
            yield tuple(self._wait(judgement, name) for name in facts)

    def _wait(self, judgement: Judgement, name: str) -> Wait:
        definition, missing = judgement.bench.court.program.defined[name], judgement.bench.tracer.trace(name).missing
        return Wait(
            fact=definition.id,
            label=definition.label.of(self._lang),
            missing=tuple(judgement.subject.place(path) for path in missing),
            ask=tuple(field_name(judgement.subject.kind, path, self._lang) for path in missing),
        )

    def _responsible(self, judgement: Judgement) -> str:
        words = judgement.piece.rule.responsible
        said = self._filled(words.of(self._lang), judgement) if words is not None else ""
        authority = getattr(judgement.subject.dossier, "authority", None)
        named = authority and (authority.answering or authority.office)
        return f"{said}; {phrase('namely', self._lang)}: {named}" if said and named else said or named or ""

    def _notes(self, judgement: Judgement, breaches: Iterable[Judgement]) -> Iterator[str]:
        rule, lang = judgement.piece.rule, self._lang
        for title in dict.fromkeys(breach.piece.rule.title.of(lang) for breach in breaches):
            yield f"{phrase('counts', lang)}: {title}"
        if judgement.rival is not None:
            outcome = phrase(judgement.rival.outcome, lang)
            yield phrase("conflict", lang, rival=judgement.rival.piece.rule.id, outcome=outcome)
        if judgement.level == "exception_needed" and rule.exception is not None:
            day = judgement.subject.day(rule.exception.before) or judgement.day
            yield phrase("needs_exception", lang, by=rule.exception.by.of(lang), day=day_text(day, lang))
        for passage in judgement.passages:
            yield phrase(f"exception_{passage.state}", lang)
        yield from self.standing_notes(rule)

    def standing_notes(self, rule: Rule) -> Iterator[str]:
        """Yield what is to be known with every finding of a rule."""
        lang = self._lang
        if rule.needs_review is not None:
            yield rule.needs_review.of(lang)
        if rule.fidelity_reason is not None:
            yield (f"{phrase(rule.fidelity, lang)}: " if rule.fidelity != "exact" else "") + rule.fidelity_reason.of(lang)
        for part in rule.not_encoded:
            yield f"{phrase('not_encoded', lang)}: {part.text.of(lang)} ({part.reason.of(lang)})"


def citation_of(rulebook: Rulebook, name: str) -> Citation:
    """Return a provision as a finding cites it."""
    provision = rulebook.provisions[name]
    text = rulebook.instrument_of(provision)
    return Citation(
        instrument=text.id,
        number=text.number,
        date=text.issued,
        article=provision.article,
        clause=provision.clause,
        link=provision.link or text.link,
        grade=provision.evidence,
    )
