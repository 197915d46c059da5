"""A report as one page for a browser: opens offline, prints on A4, and takes no cell of input for markup."""

import hashlib
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import islice
from statistics import median_low
from typing import Any, TypeAlias

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from cadre_rules.findings import Finding, Followed, FollowUp, Report, Share
from cadre_rules.reports.follow_up import decision_text, listed, remark_text
from cadre_rules.reports.text import cite, either, ways_out
from cadre_rules.wording import LEVELS, PHRASES, day_text, phrase, reason_text, value_text

FEW = 10
"""Subjects the summary itself lists; more have a section of their own at the end."""

STATIC = 100
"""Findings that stand in the page itself, for readers whose browser runs no script; the page's script shows all."""

CHARTED = (*(level for level in LEVELS if level != "information_missing"), "provisional_column")
"""What a bar is made of: levels, and last what is provisional; what is only not known would hide what is found."""

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LINK = re.compile(r"^(.*) (https?://\S+)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, where it leads, and where in the dossier it stands."""

    text: str
    link: str = ""
    aside: str = ""


Part: TypeAlias = tuple[str, tuple[Line, ...]]
"""A heading and its lines."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding in the words of the page."""

    level: str
    provisional: bool
    message: str
    subject: str
    rule: str
    title: str
    unit: str
    year: str
    day: str
    mark: str
    parts: tuple[Part, ...]
    state: str = ""
    """What became of it since it was last recorded, where a register is kept."""

    @property
    def part(self) -> str:
        """Return the section it stands in."""
        if self.level == "information_missing":
            return "open"
        return "provisional" if self.provisional else "firm"


@dataclass(frozen=True, slots=True)
class Bar:
    """How many findings of each level, and provisional ones, one thing has; `filter` is what choosing it narrows the page to."""

    label: str
    counts: Mapping[str, int]
    filter: str

    @property
    def total(self) -> int:
        """Return how many were found, without what is only not known."""
        return sum(self.counts.get(level, 0) for level in CHARTED)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under one heading; `filter` names the field of the page's filter they set."""

    heading: str
    noun: str
    filter: str
    bars: tuple[Bar, ...]

    def pieces(self, bar: Bar) -> Iterator[tuple[str, int, float, float]]:
        """Yield the pieces of a bar: level, count, where it starts and how wide it is in 400ths of the longest bar."""
        scale, at = 400 / max(1, *(each.total for each in self.bars)), 0.0
        for level in CHARTED:
            if count := bar.counts.get(level, 0):
                yield level, count, round(at, 2), round(count * scale, 2)
                at += count * scale


@dataclass(frozen=True, slots=True)
class Year:
    """The shares of one year held to one target: how many, how many met it, the least, the middle one and the greatest."""

    year: int
    count: int
    met: int
    least: int
    middle: int
    most: int
    target: int | None


@dataclass(frozen=True, slots=True)
class Trend:
    """Shares against one target, year by year, in basis points."""

    title: str
    years: tuple[Year, ...]

    @property
    def top(self) -> int:
        """Return where the scale ends: the next ten per cent above everything shown."""
        return min(10_000, -(-max(max(year.most, year.target or 0) for year in self.years) // 1_000) * 1_000) or 1_000


def trends(shares: Iterable[Share]) -> tuple[Trend, ...]:
    """Return shares by target and year, the targets with the most shares first."""
    by_rule: dict[str, dict[int, list[Share]]] = {}
    for share in shares:
        by_rule.setdefault(share.rule, {}).setdefault(share.as_of.year, []).append(share)
    made = [
        Trend(
            next(iter(years.values()))[0].title,
            tuple(_year(year, sorted(held, key=lambda share: share.share)) for year, held in sorted(years.items())),
        )
        for years in by_rule.values()
    ]
    return tuple(sorted(made, key=lambda trend: (-sum(year.count for year in trend.years), trend.title)))


def _year(year: int, held: Sequence[Share]) -> Year:
    middle = median_low(share.share for share in held)
    targets = {share.target for share in held}
    target = targets.pop() if len(targets) == 1 else None
    return Year(year, len(held), sum(share.met for share in held), held[0].share, middle, held[-1].share, target)


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page shows, in one language."""

    lang: str
    heading: str
    lead: str
    counts: dict[str, tuple[int, int]]
    """Of each level, findings on confirmed texts and provisional ones."""
    facts: tuple[Part, ...]
    entries: tuple[Entry, ...]
    rejected: tuple[tuple[str, str], ...]
    rejections: int
    subjects: tuple[tuple[str, str], ...] = ()
    notices: tuple[str, ...] = ()
    questions: tuple[tuple[str, str, int], ...] = ()
    met: tuple[tuple[str, str, str], ...] = ()
    charts: tuple[Chart, ...] = ()
    trends: tuple[Trend, ...] = ()
    together: tuple[Part, ...] = ()
    """What would settle several findings of a subject at once."""
    follow_up: tuple[Part, ...] = ()

    @property
    def worst(self) -> str | None:
        """Return the gravest level on confirmed texts."""
        return next((level for level in LEVELS if self.counts[level][0]), None)

    @property
    def levels(self) -> list[tuple[str, int, int]]:
        """Return each level with its counts."""
        return [(level, *self.counts[level]) for level in LEVELS]

    @property
    def totals(self) -> dict[str, int]:
        """Return how many findings each section holds, told or not."""
        told = Counter(entry.part for entry in self.entries)
        return {"firm": told["firm"], "provisional": told["provisional"], "open": told["open"], "rejected": self.rejections}

    @property
    def verdict(self) -> list[str]:
        """Return what was found, in words: the gravest first, then what is open, then what could not be read."""
        found = [
            phrase(f"page_{level}", self.lang, n=number(self.counts[level][0], self.lang))
            for level in ("violation", "exception_needed", "target_missed")
            if self.counts[level][0]
        ]
        said = "; ".join(found) or phrase("page_nothing", self.lang)
        weak = sum(provisional for level, (_, provisional) in self.counts.items() if level != "information_missing")
        others = {"page_open": sum(self.counts["information_missing"]), "page_weak": weak, "page_unread": self.rejections}
        told = [phrase(key, self.lang, n=number(count, self.lang)) for key, count in others.items() if count]
        return [f"{said[:1].upper()}{said[1:]}.", *told]

    @property
    def contents(self) -> list[tuple[str, str, int | None]]:
        """Return the sections after the summary that hold something: id, heading, how much."""
        totals = self.totals
        named: list[tuple[str, str, int | None]] = [
            *([("charts", "page_charts", None)] if self.charts else []),
            *([("trends", "page_trends", None)] if self.trends else []),
            ("firm", "findings", totals["firm"]),
            ("provisional", "page_provisional", totals["provisional"]),
            ("open", "waiting", totals["open"]),
            *([("follow_up", "follow_up", None)] if self.follow_up else []),
            ("met", "met", len(self.met)),
            ("rejected", "rejected", self.rejections),
            ("subjects", "page_subjects", len(self.subjects) if len(self.subjects) > FEW else 0),
        ]
        return [(name, phrase(key, self.lang), n) for name, key, n in named if n is None or n]


def render_html(report: Report) -> str:
    """Return a report of a check as a page."""
    lang = report.lang
    titles = {line.id: line.title for line in report.subjects}
    firm, weak = (Counter(f.level for f in report.findings if f.provisional == which) for which in (False, True))
    total = phrase("total", lang, subjects=len(report.subjects), rules=report.rules_in_force)
    outcomes = ", ".join(f"{report.by_outcome[key]} {phrase(key, lang)}" for key in _OUTCOMES if key in report.by_outcome)
    states = follow_up_states(report.follow_up, lang)
    return render_page(
        Page(
            lang=lang,
            heading=phrase("page_check", lang),
            lead=report.subjects[0].title if len(report.subjects) == 1 else f"{total}.",
            counts={level: (firm[level], weak[level]) for level in LEVELS},
            facts=(
                (phrase("page_judged", lang), (Line(f"{total}: {outcomes}."),)),
                *law_facts(report.rulebook, report.reviewed_to, report.as_of, lang),
                *follow_up_counts(report.follow_up, lang),
            ),
            entries=tuple(
                _entry(finding, titles.get(finding.subject, finding.subject), states.get(finding.fingerprint, ""), lang)
                for finding in report.findings
            ),
            rejected=tuple((place["where"], reason_text(place["reason"], lang)) for place in report.rejected),
            rejections=len(report.rejected),
            subjects=tuple((line.title, day_text(line.as_of, lang)) for line in report.subjects),
            notices=report.notices,
            questions=tuple((ask or place, place, count) for place, ask, count in report.questions()),
            trends=trends(report.shares),
            together=tuple(
                (titles[one.subject], (Line("; ".join(change.text for change in one.changes)),)) for one in report.mended_together
            ),
            follow_up=follow_up_parts(report.follow_up, lang),
            met=tuple((titles.get(met.subject, met.subject), met.title, met.text) for met in report.met),
        )
    )


_OUTCOMES = ("satisfied", "violated", "excepted", "undetermined", "not_applicable")


def law_facts(packs: Iterable[Mapping[str, Any]], reviewed: Mapping[str, date], as_of: str, lang: str) -> Iterator[Part]:
    """Yield by the law of which day was judged, by which rulebook, and up to when its law was reviewed."""
    said = phrase(f"page_as_of_{as_of}", lang) if as_of in ("decision", "today") else day_text(date.fromisoformat(as_of), lang)
    yield phrase("as_of", lang), (Line(said),)
    yield phrase("rulebook", lang), tuple(Line(f"{pack['pack']} {pack['version']} ({pack['digest'][:12]})") for pack in packs)
    days = [Line(f"{phrase('reviewed_' + kind, lang)}: {day_text(day, lang)}") for kind, day in sorted(reviewed.items())]
    yield from [(phrase("reviewed", lang), tuple(days))] if days else []


def follow_up_states(told: FollowUp | None, lang: str) -> dict[str, str]:
    """Return what became of each finding, by its fingerprint."""
    return {one.fingerprint: phrase(f"follow_{one.state}", lang) for one in (told.findings if told is not None else ())}


def follow_up_counts(told: FollowUp | None, lang: str) -> Iterator[Part]:
    """Yield how many findings are in which state since they were last recorded, if a register is kept."""
    if told is not None:
        counts = [f"{number(count, lang)} {phrase(f'follow_{state}', lang)}" for state, count in told.counts().items()]
        yield phrase("follow_up", lang), (Line(_since(told, lang)), Line(", ".join(counts) or phrase("no_finding", lang)))


def _since(told: FollowUp, lang: str) -> str:
    return phrase("followed_since", lang, day=day_text(told.before, lang)) if told.before else phrase("followed_first", lang)


def follow_up_parts(told: FollowUp | None, lang: str) -> tuple[Part, ...]:
    """Return what became of findings since they were last recorded, by state, and the exceptions on file."""
    if told is None:
        return ()
    head = Line(phrase("register_head", lang, entries=told.entries, head=told.head))
    differing = (Line(f"{phrase('audits_differ', lang)} {'; '.join(told.differences)}"),) if told.differences else ()
    parts = [(phrase("follow_up", lang), (Line(_since(told, lang)), *differing, head))]
    for state, count in told.counts().items():
        found = (one for one in told.findings if one.state == state)
        lines = [Line(f"{one.title} – {one.subject}", aside=_remarked(one, lang)) for one in islice(found, STATIC)]
        parts.append(
            (f"{phrase(f'follow_{state}', lang)} ({number(count, lang)})", (*lines, *([Line("…")] if count > STATIC else [])))
        )
    filed = [
        Line(f"{one.rule} – {one.subject}: {phrase(f'exception_{one.state}', lang)}", aside=decision_text(one, lang))
        for one in told.exceptions[:STATIC]
    ]
    return (*parts, *([(phrase("exceptions_on_file", lang), tuple(filed))] if filed else []))


def _remarked(one: Followed, lang: str) -> str:
    since = phrase("since", lang, day=day_text(one.since, lang))
    return listed(phrase(one.level, lang), since, *(remark_text(remark, lang) for remark in one.remarks))


def _entry(finding: Finding, subject: str, state: str, lang: str) -> Entry:
    return Entry(
        level=finding.level,
        provisional=finding.provisional,
        message=finding.title if finding.level == "information_missing" else finding.message,
        subject=subject,
        rule=finding.rule,
        title=finding.title,
        unit="",
        year=str(finding.as_of.year),
        day=day_text(finding.as_of, lang),
        mark=f"{finding.rule} · {finding.rule_version} · {finding.fingerprint}",
        parts=tuple((phrase(key, lang), tuple(lines)) for key, lines in _parts(finding, lang) if lines),
        state=state,
    )


def _parts(finding: Finding, lang: str) -> Iterator[tuple[str, list[Line]]]:
    """Yield the parts of a finding under the keys of their headings."""
    yield "evidence", [Line(f"{e.label}: {e.text}", aside=e.place) for e in finding.evidence]
    sets = [
        Line(
            "; ".join(ask for wait in ways for ask in wait.ask or (wait.label,)),
            aside="; ".join(place for wait in ways for place in wait.missing),
        )
        for ways in finding.waits_for
    ]
    yield "page_settle", [replace(line, text=f"{phrase('or', lang)} {line.text}") if at else line for at, line in enumerate(sets)]
    yield "article", [linked(text) for text in dict.fromkeys(cite(citation, lang) for citation in finding.provisions)]
    yield "do", [Line(finding.remedy)] if finding.remedy and not sets else []
    yield "mended_by", [Line(text) for text in either(ways_out(finding), lang)]
    yield "answers", [Line(finding.responsible)] if finding.responsible else []
    yield "questions", [Line(question) for question in finding.questions]
    yield "note", [*map(Line, finding.notes), *([Line(phrase("provisional", lang))] if finding.provisional else [])]


def linked(text: str) -> Line:
    """Return a text that ends with an address as a link to it."""
    found = _LINK.match(text)
    return Line(found[1], link=found[2]) if found is not None else Line(text)


def render_page(page: Page) -> str:
    """Return a page; the same page gives the same bytes."""
    words = {key: phrase(key, page.lang) for key in PHRASES}
    fixed = {"static": STATIC, "few": FEW, "charted": CHARTED, "style": _part("report.css"), "script": _part("report.js")}
    return _environment().get_template("report.html").render(page=page, t=words, data=_data(page, words), blank=_BLANK, **fixed)


_BLANK = Entry(
    LEVELS[0],
    provisional=False,
    **dict.fromkeys(("message", "subject", "rule", "title", "unit", "year", "day", "mark"), ""),
    parts=(),
)


def _data(page: Page, words: dict[str, str]) -> dict[str, Any]:
    """Return the findings as the page's script reads them, what is alike told once."""
    parts: dict[Part, int] = {}
    subjects: dict[str, int] = {}
    rules: dict[str, tuple[int, str]] = {}
    units: dict[str, int] = {}
    findings = [
        (
            *(entry.part, entry.level, inert(entry.message), subjects.setdefault(inert(entry.subject), len(subjects))),
            rules.setdefault(entry.rule, (len(rules), inert(entry.title)))[0],
            units.setdefault(inert(entry.unit), len(units)) if entry.unit else -1,
            *(
                entry.year,
                entry.day,
                inert(entry.mark),
                [parts.setdefault(part, len(parts)) for part in entry.parts],
                entry.state,
            ),
        )
        for entry in page.entries
    ]
    said = [(heading, [_line(line) for line in lines]) for heading, lines in parts]
    used = {key: words[key] for key in (*LEVELS, "law_of", "page_more", "page_no_match", "page_shown")}
    named = [(rule, title) for rule, (_, title) in rules.items()]
    return {"parts": said, "subjects": list(subjects), "rules": named, "units": list(units), "findings": findings, "words": used}


def _line(line: Line) -> str | tuple[str, str, str]:
    text = inert(line.text)
    return (text, line.link, inert(line.aside)) if line.link or line.aside else text


def inert(value: Any) -> Any:
    """Return a text whose characters that turn or break others are shown by their numbers; anything else as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNSAFE.sub(lambda found: f"[U+{ord(found[0]):04X}]", value)
    return value


def _groups(entries: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Return entries by subject, in the order subjects first come."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.subject, []).append(entry)
    return list(groups.items())


def number(count: int, lang: str) -> str:
    """Return a count with its thousands parted as people write them."""
    return f"{count:,}" if lang == "en" else f"{count:,}".replace(",", ".")


def _percent(share: int, lang: str) -> str:
    return value_text(share, "percent", lang)


def _digest(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _part(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text("utf-8")


@cache
def _environment() -> Environment:
    loader = DictLoader({"report.html": _part("report.html")})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, finalize=inert)
    environment.filters |= {"n": number, "percent": _percent, "groups": _groups, "digest": _digest, "as_is": Markup}
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return environment
