"""Documents to sign and send on: the appraisal note of a check, the annex of an audit (extra `[word]`).

A document is a template filled in by docxtpl: one of ours (`layout`), or a unit's own with the same words in double braces.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from cadre_rules.errors import SourceError, refused
from cadre_rules.findings import Finding, FollowUp, Report
from cadre_rules.office.layout import LETTERHEADS, annex_template, note_template
from cadre_rules.office.packing import timeless
from cadre_rules.reports.text import cite
from cadre_rules.wording import LEVELS, day_text, phrase, reason_text

LONGEST = 1_000
"""Characters of one text a document shows; the rest is an ellipsis."""

ANNEXED = 500
"""Findings an annex tells one by one, the gravest first; the tables of the audit have all."""

Words = Mapping[str, Any]


def render_note(report: Report, template: str = "state") -> bytes:
    """Return a check's report as an appraisal note, in one of our templates (`state`, `party`) or in the file of a unit's own.

    Raises `SourceError` for a template that cannot be filled in: its place, which tag, and what was probably meant.
    """
    return _filled(template, note_template, note_words(report), report.lang)


def render_annex(words: Words, lang: str, template: str = "state") -> bytes:
    """Return an audit's `annex_words` as the annex of an inspection; templates and errors as for `render_note`."""
    return _filled(template, annex_template, words, lang)


def write_template(what: str, letterhead: str, lang: str) -> bytes:
    """Return one of our templates as it is, for a unit to make its own: `note` or `annex`."""
    letter = next(known for known in LETTERHEADS if known == letterhead)
    return timeless((note_template if what == "note" else annex_template)(letter, lang))


def note_words(report: Report) -> Words:
    """Return what a template of the note can say, by the words it says it with."""
    lang = report.lang
    firm = [finding for finding in report.findings if not finding.provisional]
    shown = [finding for finding in firm if finding.level not in ("information_missing", "judgement_needed")]
    provisional = [f for f in report.findings if f.provisional and f.level not in ("information_missing", "judgement_needed")]
    titles = {line.id: line.title for line in report.subjects}
    appraised = all(line.kind in ("appointment", "planning", "planning_entry", "head") for line in report.subjects)
    about = "; ".join(line.title for line in report.subjects if "/" not in line.id) if len(report.subjects) < 4 else ""
    abstract = phrase("note_abstract" if appraised else "review_abstract", lang)
    missing = [
        {"ask": ask or place, "about": _subject_of(place, titles), "place": place, "settles": str(count)}
        for place, ask, count in report.questions()
    ]
    judgement = [
        {"title": f.title, "questions": "\n".join(f.questions), "article": _articles(f, lang), "about": titles.get(f.subject, "")}
        for f in report.of_level("judgement_needed")
    ]
    return {
        "title": phrase("note_title", lang),
        "abstract": f"{abstract}: {about}" if about else abstract,
        "opening": phrase("note_opening", lang, subjects=len(report.subjects), rules=report.rules_in_force),
        "subjects": [{"title": s.title, "id": s.id, "as_of": day_text(s.as_of, lang)} for s in report.subjects],
        "outcome": _outcome(report.by_outcome, Counter(f.level for f in firm), lang),
        "levels": _levels(Counter(f.level for f in firm), Counter(f.level for f in report.findings if f.provisional), lang),
        "findings": _numbered(_finding(finding, titles, lang) for finding in shown),
        "provisional": _numbered(_finding(finding, titles, lang) for finding in provisional),
        "missing": _numbered(missing),
        "judgement": _numbered(judgement),
        "met": _numbered({"title": f"{titles.get(m.subject, m.subject)}: {m.title}", "text": m.text} for m in report.met),
        "rejected": [{**place, "reason": reason_text(place["reason"], lang)} for place in report.rejected],
        "conclusion": _conclusion(shown, missing, judgement, lang),
        "notices": [
            *([phrase("conclude_rejected", lang, n=len(report.rejected))] if report.rejected else []),
            *_followed(report.follow_up, lang),
            *report.notices,
            _rulebook(report.rulebook, lang),
            phrase("inform", lang),
        ],
    }


def annex_words(summary: Words, manifest: Words, told: Sequence[Words], rejected: Iterable[tuple[str, str]], lang: str) -> Words:
    """Return what a template of the annex can say: an audit's summary, its gravest findings in words, and what was not read."""
    counts = summary["by_level"]
    firm = {str(level): int(counts[level]) for level in LEVELS}
    provisional = {str(level): int(counts[f"{level}_provisional"]) for level in LEVELS}
    listed = sum(firm[level] for level in LEVELS if level != "information_missing")
    findings = [
        {
            "about": row["about"],
            "unit": row["unit"],
            "level": row["level"],
            "message": row["message"],
            "content": f"{row['level']}: {row['message']}",
            "evidence": row["evidence"],
            "article": _LINK.sub("", row["article"]).replace("; ", "\n"),
            "remedy": "\n".join(filter(None, (row["do"], row["answers"]))),
            "rule": row["rule"],
        }
        for row in told
    ]
    more = [phrase("annex_more", lang, shown=len(findings), total=listed)] if listed > len(findings) else []
    return {
        "title": phrase("annex_title", lang),
        "abstract": phrase("annex_abstract", lang),
        "opening": phrase("audited", lang, **{name: summary[name] for name in ("dossiers", "findings", "rejected")}),
        "outcome": _outcome(summary["by_outcome"], Counter(firm), lang),
        "levels": _levels(firm, provisional, lang),
        "rules": _numbered(_counted(summary["by_rule"], f"title_{lang}", lang)),
        "units": _numbered(_counted(summary["worst_units"], "unit", lang)),
        "findings": _numbered(findings),
        "rejected": [{"where": where, "reason": reason_text(reason, lang)} for where, reason in rejected],
        "notices": [*more, _rulebook(manifest["inputs"]["rulebook"], lang), phrase("inform", lang)],
    }


def _finding(finding: Finding, titles: Mapping[str, str], lang: str) -> dict[str, str]:
    ways = ["; ".join(change.text for change in way) for way in finding.mended_by]
    either = f" {phrase('or', lang)} "
    mended = f"{phrase('mended_by', lang)}: {either.join(ways)}" if ways else ""
    answers = f"{phrase('answers', lang)}: {finding.responsible}" if finding.responsible else ""
    about = f"{titles.get(finding.subject, finding.subject)}. " if len(titles) > 1 else ""
    notes = [f"{phrase('note', lang)}: {note}" for note in finding.notes]
    return {
        "level": phrase(finding.level, lang),
        "title": finding.title,
        "message": finding.message,
        "content": "\n".join((f"{about}{phrase(finding.level, lang)}: {finding.message}", *notes)),
        "about": titles.get(finding.subject, finding.subject),
        "as_of": day_text(finding.as_of, lang),
        "evidence": "\n".join(f"{evidence.label}: {evidence.text}" for evidence in finding.evidence),
        "article": _articles(finding, lang),
        "remedy": "\n".join(filter(None, (finding.remedy, mended, answers))),
        "rule": finding.rule,
        "fingerprint": finding.fingerprint,
    }


def _articles(finding: Finding, lang: str) -> str:
    cited = (cite(citation, lang).removesuffix(f" {citation.link}") for citation in finding.provisions)
    return "\n".join(dict.fromkeys(cited))


def _subject_of(place: str, titles: Mapping[str, str]) -> str:
    return next((title for name, title in titles.items() if place.startswith(f"{name}: ")), "")


def _numbered(rows: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{"number": str(number), **row} for number, row in enumerate(rows, 1)]


def _outcome(by_outcome: Mapping[str, int], levels: Mapping[str, int], lang: str) -> str:
    outcomes = ", ".join(f"{count} {phrase(name, lang)}" for name, count in by_outcome.items() if count)
    graded = ", ".join(f"{phrase(level, lang).lower()}: {levels[level]}" for level in LEVELS if levels.get(level))
    return phrase("outcome_line", lang, outcomes=outcomes or "–", levels=graded or phrase("no_finding", lang).rstrip("."))


def _levels(firm: Mapping[str, int], provisional: Mapping[str, int], lang: str) -> list[dict[str, str]]:
    return [
        {"level": phrase(level, lang), "firm": str(firm.get(level, 0)), "provisional": str(provisional.get(level, 0))}
        for level in LEVELS
    ]


_LINK = re.compile(r" https?://[^\s;]+")
_LINES = 30
"""Rules and units an annex tells, the gravest first; the tables beside it have all."""


def _counted(lines: Iterable[Words], key: str, lang: str) -> list[dict[str, str]]:
    told = [line for line in lines if line["findings"] and line[key] is not None][:_LINES]
    return [
        {
            "title": str(line[key]),
            "counts": "\n".join(f"{phrase(level, lang)}: {line[level]}" for level in LEVELS if line[level])
            or f"{phrase('provisional_short', lang)}: {line['provisional']}",
        }
        for line in told
    ]


def _conclusion(shown: Sequence[Finding], missing: Sequence[Any], judgement: Sequence[Any], lang: str) -> str:
    """Return what was found, in a sentence for each; what follows from it people decide."""
    breaches = sum(finding.level in ("violation", "exception_needed") for finding in shown)
    parts = [phrase("conclude_breaches", lang, n=breaches) if breaches else phrase("conclude_none", lang)]
    parts += [phrase("conclude_missing", lang, n=len(missing))] if missing else []
    parts += [phrase("conclude_judgement", lang, n=len(judgement))] if judgement else []
    return " ".join(parts)


def _followed(told: FollowUp | None, lang: str) -> list[str]:
    if told is None:
        return []
    counts = ", ".join(f"{count} {phrase(f'follow_{state}', lang)}" for state, count in told.counts().items())
    return [f"{phrase('follow_up', lang)}: {counts or phrase('no_finding', lang)}"]


def _rulebook(packs: Iterable[Words], lang: str) -> str:
    return f"{phrase('rulebook', lang)}: " + ", ".join(f"{pack['pack']} {pack['version']} ({pack['digest']})" for pack in packs)


def _filled(template: str, built: Any, words: Words, lang: str) -> bytes:
    """Fill a template in; nothing of the words is taken for a tag, and no tag reaches beyond them."""
    source, place = built(template, lang) if template in LETTERHEADS else _own(template), template
    inside = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    try:
        document = DocxTemplate(BytesIO(source))
        if unknown := _unknown(document, inside, words):
            raise SourceError(place, "; ".join(_no_such(name, words) for name in unknown))
        document.render(_inert(words), inside, autoescape=True)
        written = BytesIO()
        document.save(written)
    except UndefinedError as error:
        raise SourceError(place, f"a tag names what is not there: {error}{_near(error)}") from error
    except TemplateError as error:
        raise SourceError(place, f"a tag is not well formed: {error}{_near(error)}") from error
    except (BadZipFile, PackageNotFoundError, KeyError) as error:
        raise SourceError(place, f"is no Word document (.docx): {error}") from error
    except (SyntaxError, ValueError) as error:  # what XML libraries raise
        reason = "its tags leave the document broken; {%tr …%} stands in a row of its own, {%p …%} in a paragraph of its own"
        raise SourceError(place, f"{reason} ({error})") from error
    return timeless(written.getvalue())


def _unknown(document: Any, inside: SandboxedEnvironment, words: Words) -> list[str]:
    try:
        return sorted(document.get_undeclared_template_variables(inside) - words.keys())
    except TemplateSyntaxError:
        return []  # rendering it tells where


def _own(name: str) -> bytes:
    with refused(name, then=f"; or one of ours: {', '.join(LETTERHEADS)}"):
        return Path(name).read_bytes()


def _no_such(name: str, words: Words) -> str:
    near = get_close_matches(name, words, n=1)
    meant = f"did you mean {{{{ {near[0]} }}}}?" if near else f"one of: {', '.join(sorted(words))}"
    return f"{{{{ {name} }}}}: no such word; {meant}"


def _near(error: TemplateError) -> str:
    """Return the text around a tag that was refused, if the error tells it."""
    lines = [line.strip() for line in getattr(error, "docx_context", ())]
    tags = [line for line in lines if "{" in line]
    return f"; near: {' … '.join(tags)[:200]}" if tags else ""


_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold, what docxtpl takes for breaks, and marks that turn the text after them around."""


def _inert(value: Any) -> Any:
    """Return words as a document can show them: no mark in them does anything, none is longer than can be read."""
    match value:
        case str():
            text = _ILLEGAL.sub("\ufffd", value).replace("\t", " ")
            return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        case Mapping():
            return {key: _inert(inner) for key, inner in value.items()}
        case list():
            return [_inert(inner) for inner in value]
        case _:
            return value
