"""Judge one dossier, or a few, and say what was found."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, groupby
from typing import Any, Literal

from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.subjects import Subject, subjects_of
from cadre_rules.findings import OnFile, Report, SubjectLine, Verdict
from cadre_rules.judging import AsOf, Engine, Heard, Judge, judge_of
from cadre_rules.reporting import writer_of
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.wording import LEVELS, day_text, phrase


def check(
    dossiers: Dossier | Mapping[str, Any] | Sequence[Dossier | Mapping[str, Any]],
    rulebook: Rulebook,
    *,
    as_of: AsOf = "decision",
    lang: Literal["vi", "en"] = "vi",
    today: date | None = None,
    engine: Engine = "durable",
    mending: bool = False,
) -> Report:
    """Judge dossiers by every rule in force and return the report; raises `DossierError` for one that cannot be.

    By default each rule is judged by the law of the day of the dossier it hangs on; a dossier without a day of
    decision, by the law of `today` (the machine's, if not given). With `mending`, each breach also tells what an office can
    still do, from `today` on, so that it is gone (`Finding.mended_by`).
    """
    if as_of not in ("decision", "today") and type(as_of) is not date:
        raise TypeError(f"as_of: {as_of!r} is neither 'decision', 'today' nor a date")
    given = dossiers if isinstance(dossiers, (list, tuple)) else [dossiers]
    subjects = [subject for dossier in map(read_dossier, given) for subject in subjects_of(dossier)]
    now = today or date.today()
    judge = judge_of(rulebook)
    heard = list(judge.heard(subjects, as_of, now, engine))
    applied = [judgement for each in heard for judgement in each.applied]
    by_outcome = Counter([judgement.outcome for judgement in applied]) + Counter(not_applicable=sum(each.apart for each in heard))
    writer = writer_of(rulebook, lang)
    mender = None
    if not mending or not any(judgement.outcome == "violated" for judgement in applied):
        findings = list(writer.findings(applied))
    else:
        from cadre_rules.mending import Mender  # noqa: PLC0415  # a cold check that finds no breach would feel its import

        mender = Mender(judge, lang, as_of, now)
        findings = [mender.mended(finding, judgement) for judgement in applied for finding in writer.findings([judgement])]
    order = {subject.id: position for position, subject in enumerate(subjects)}
    findings.sort(key=lambda f: (LEVELS.index(f.level), f.provisional, order.get(f.subject, len(order)), f.rule))
    lines = tuple(SubjectLine(s.id, s.kind, s.title, judge.day(s, as_of, now)) for s in subjects)
    return Report(
        rulebook=tuple(
            {
                "pack": loaded.pack.name,
                "version": loaded.pack.version,
                "digest": loaded.digest,
                "reviewed_to": {kind: day.isoformat() for kind, day in sorted(loaded.pack.reviewed_to.items())},
            }
            for loaded in rulebook.packs
        ),
        as_of=as_of if isinstance(as_of, str) else as_of.isoformat(),
        subjects=lines,
        findings=tuple(findings),
        rejected=(),
        rules_in_force=len(frozenset().union(*(each.plan.rules for each in heard))),
        by_outcome=dict(sorted(by_outcome.items())),
        lang=lang,
        met=tuple(writer.met(applied)),
        mended_together=tuple(mender.together(applied)) if mender is not None else (),
        shares=tuple(writer.shares(applied)),
        notices=tuple(_notices(rulebook, subjects, lines, as_of, lang)),
        exceptions=tuple(_exceptions(judge, heard)),
        verdicts=tuple([Verdict(j.bench.subject.id, j.piece.rule_id, j.outcome) for j in applied]),
    )


def _exceptions(judge: Judge, heard: Sequence[Heard]) -> Iterator[OnFile]:
    for _, passes in groupby(heard, key=lambda each: id(each.bench.subject)):
        both = [*passes]
        subject = both[0].bench.subject
        for passage in judge.passages(subject, chain.from_iterable(both)):
            on_file = passage.exception
            told = (on_file.decided_by, on_file.decided_on, on_file.document, on_file.expires_on)
            yield OnFile(subject.id, on_file.rule, passage.state, *told)


def _notices(
    rulebook: Rulebook, subjects: Sequence[Subject], lines: Sequence[SubjectLine], as_of: AsOf, lang: str
) -> Iterator[str]:
    for subject, line in zip(subjects, lines, strict=True):
        if as_of == "decision" and not subject.prefix and subject.day("decided") is None:
            yield phrase("undated", lang, subject=subject.title, day=day_text(line.as_of, lang))
    latest = max((line.as_of for line in lines), default=date.min)
    for kind, reviewed in sorted(rulebook.reviewed_to.items()):
        if latest > reviewed:
            yield phrase(f"beyond_{kind}", lang, day=day_text(latest, lang), reviewed=day_text(reviewed, lang))
