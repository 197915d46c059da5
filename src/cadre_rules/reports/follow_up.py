"""What became of findings since they were last looked at, as lines on a terminal."""

from collections.abc import Iterator
from itertools import groupby

from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.findings import Followed, FollowUp, OnFile, Remarked
from cadre_rules.wording import day_text, phrase


def follow_up_lines(told: FollowUp, lang: str, shown: int | None = None) -> Iterator[str]:
    """Yield what became of findings, of each state no more than `shown`, and what the gate says of exceptions on file."""
    since = phrase("followed_since", lang, day=day_text(told.before, lang)) if told.before else phrase("followed_first", lang)
    yield f"{phrase('follow_up', lang).upper()} ({since})"
    if told.differences:
        yield phrase("audits_differ", lang)
        yield from (f"  {difference}" for difference in told.differences)
    counts = (f"{count} {phrase(f'follow_{state}', lang)}" for state, count in told.counts().items())
    yield f"  {', '.join(counts) or phrase('no_finding', lang)}"
    for state, group in groupby(told.findings, lambda one: one.state):
        found = list(group)
        yield f"  {phrase(f'follow_{state}', lang)}:"
        yield from (line for one in found[:shown] for line in _followed(one, lang))
        yield from [f"    … {len(found) - shown}"] if shown is not None and len(found) > shown else []
    if told.exceptions:
        yield f"  {phrase('exceptions_on_file', lang)}:"
        yield from (f"    ○ {_on_file(one, lang)}" for one in told.exceptions[:shown])
    yield phrase("register_head", lang, entries=told.entries, head=told.head)
    yield ""


def remark_text(remark: Remarked, lang: str) -> str:
    """Return what an office said of a finding, and when."""
    told = listed(remark.by, day_text(remark.day, lang), remark.reason, remark.paper)
    return f"{phrase(f'said_{remark.kind}', lang)}: {told}"


def decision_text(one: OnFile | ExceptionGranted, lang: str) -> str:
    """Return who decided an exception, on what paper, when, and until when it holds."""
    decided = day_text(one.decided_on, lang) if one.decided_on else None
    expires = phrase("holds_until", lang, day=day_text(one.expires_on, lang)) if one.expires_on else None
    return listed(one.decided_by, one.document, decided, expires)


def because(*parts: str | None) -> str:
    """Return what is said in brackets, if anything."""
    told = listed(*parts)
    return f" ({told})" if told else ""


def listed(*parts: str | None) -> str:
    """Return those of some texts that say something, one after another."""
    return ", ".join(part for part in parts if part)


def _followed(one: Followed, lang: str) -> Iterator[str]:
    provisional = f" ({phrase('provisional_short', lang)})" if one.provisional else ""
    since = phrase("since", lang, day=day_text(one.since, lang))
    yield f"    ● {one.fingerprint}  {one.title} – {one.subject}: {phrase(one.level, lang).lower()}{provisional}, {since}"
    yield from (f"      {remark_text(remark, lang)}" for remark in one.remarks)


def _on_file(one: OnFile, lang: str) -> str:
    return f"{one.rule} – {one.subject}: {phrase(f'exception_{one.state}', lang)}{because(decision_text(one, lang))}"
