"""The terminal report: what a busy official reads, worst first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from textwrap import wrap

from cadre_rules.findings import Citation, Finding, Report
from cadre_rules.reports.follow_up import follow_up_lines
from cadre_rules.wording import LEVELS, day_text, phrase, reason_text

WIDTH = 100


def render_text(report: Report) -> str:
    """Return the report as lines of text in its language."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    lang = report.lang
    told = [finding for finding in report.findings if finding.level != "information_missing"]
    titles = {line.id: line.title for line in report.subjects}
    for place in report.rejected:
        yield f"{phrase('rejected', lang)}: {place['where']}: {reason_text(place['reason'], lang)}"
    yield from _by_level([f for f in told if not f.provisional], titles, lang)
    if provisional := [f for f in told if f.provisional]:
        yield from (f"── {phrase('provisional_part', lang)} ──", "")
        yield from _by_level(provisional, titles, lang)
    for together in report.mended_together:
        text = " + ".join(change.text for change in together.changes)
        yield from _field("mended_together", [f"{titles[together.subject]} – {text}"], lang)
        yield ""
    waiting = report.of_level("information_missing")
    yield from _part("waiting", len(waiting), _waiting(report, waiting), lang)
    met = (f"  ✓ {titles.get(m.subject, m.subject)}: {m.title}" + (f" ({m.text})" if m.text else "") for m in report.met)
    yield from _part("met", len(report.met), met, lang)
    if report.follow_up is not None:
        yield from follow_up_lines(report.follow_up, lang)
    yield from _summary(report)


def _part(key: str, number: int, lines: Iterable[str], lang: str) -> Iterator[str]:
    """Yield what there is a number of under its heading; nothing where there is none."""
    if number:
        yield f"{phrase(key, lang).upper()} ({number})"
        yield from lines
        yield ""


def _by_level(findings: list[Finding], titles: dict[str, str], lang: str) -> Iterator[str]:
    for level in LEVELS:
        at_level = [_finding(finding, titles, lang) for finding in findings if finding.level == level]
        yield from _part(level, len(at_level), chain.from_iterable(at_level), lang)


def _finding(finding: Finding, titles: dict[str, str], lang: str) -> Iterator[str]:
    heading = titles.get(finding.subject, finding.subject)
    yield f"  ● {finding.message}"
    told: dict[str, Iterable[str]] = {
        "about": [f"{heading} – {finding.title} ({phrase('law_of', lang)} {day_text(finding.as_of, lang)})"],
        "evidence": [f"{e.label}: {e.text}" + (f"  [{e.place}]" if e.place else "") for e in finding.evidence],
        "article": dict.fromkeys(cite(citation, lang) for citation in finding.provisions),
        "do": [finding.remedy],
        "mended_by": either(ways_out(finding), lang),
        "answers": [finding.responsible] if finding.responsible else [],
        "questions": finding.questions,
        "note": finding.notes,
    }
    for key, texts in told.items():
        yield from _field(key, texts, lang)


def _field(key: str, texts: Iterable[str], lang: str) -> Iterator[str]:
    label = f"    {phrase(key, lang)}: "
    for text in texts:
        yield label + f"\n{' ' * 6}".join(wrap(text, WIDTH - 6, break_long_words=False, break_on_hyphens=False))
        label = " " * 6


def ways_out(finding: Finding) -> list[str]:
    """Return what would mend a finding, a text for each way: one of them is enough."""
    return [" + ".join(change.text for change in way) for way in finding.mended_by]


def either(ways: Iterable[str], lang: str) -> list[str]:
    """Return ways of which one is enough as lines that say so."""
    return [f"{phrase('or', lang)} {way}" if number else way for number, way in enumerate(ways)]


def cite(citation: Citation, lang: str) -> str:
    """Return an article as people cite it, with its evidence grade and link."""
    return f"{citation.text(lang)} [{phrase('grade_' + citation.grade, lang)}] {citation.link or ''}".rstrip()


def _waiting(report: Report, waiting: Iterable[Finding]) -> Iterator[str]:
    lang = report.lang
    for place, ask, count in report.questions():
        yield f"  ○ {ask or place}  [{place}] – {phrase('settles', lang, n=count)}"
    by_subject: dict[str, list[str]] = defaultdict(list)
    for finding in waiting:
        waits = [*chain.from_iterable(finding.waits_for)]
        if not any(wait.missing for wait in waits):
            open_facts = ", ".join(dict.fromkeys(wait.label for wait in waits))
            yield f"  ○ {open_facts}  [{finding.subject}] – {phrase('for_people', lang)}"
        by_subject[finding.subject].append(finding.title)
    for subject, titles in by_subject.items():
        yield from _field("undetermined_rules", [f"{subject}: {'; '.join(titles)}"], lang)


def _summary(report: Report) -> Iterator[str]:
    lang = report.lang
    counts = [
        f"{report.by_outcome[key]} {phrase(key, lang)}"
        for key in ("satisfied", "violated", "excepted", "undetermined", "not_applicable")
        if key in report.by_outcome
    ]
    if not report.findings and not report.rejected:
        yield phrase("no_finding", lang)
    total = phrase("total", lang, subjects=len(report.subjects), rules=report.rules_in_force)
    yield f"{': '.join(filter(None, (total, ', '.join(counts))))}."
    packs = ", ".join(f"{pack['pack']} {pack['version']} ({pack['digest']})" for pack in report.rulebook)
    reviewed = ", ".join(
        f"{phrase('reviewed_' + kind, lang)} {day_text(day, lang)}" for kind, day in sorted(report.reviewed_to.items())
    )
    yield f"{phrase('rulebook', lang)}: {packs}. {phrase('reviewed', lang)}: {reviewed}."
    yield from report.notices
    yield phrase("inform", lang)
