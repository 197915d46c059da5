"""What an audit found as one page for a browser: charts of the whole, and the gravest findings to filter and search."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from cadre_rules.findings import FollowUp, Share
from cadre_rules.reports.html import (
    CHARTED,
    Bar,
    Chart,
    Entry,
    Line,
    Page,
    Part,
    follow_up_counts,
    follow_up_parts,
    follow_up_states,
    law_facts,
    linked,
    number,
    render_page,
    trends,
)
from cadre_rules.reports.tables import label, tell
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.wording import LEVELS, day_text, phrase, reason_text

LISTED = 20_000
"""Findings a page lists, the gravest; its charts count all."""

BARS = 20
"""Units, or rules, a chart shows, those with the gravest findings first."""

REJECTED = 200
"""What could not be read that a page tells; the files have all."""

_OPEN = pl.col("level") == "information_missing"
_RANK = pl.col("level").replace_strict({level: rank for rank, level in enumerate(LEVELS)}, return_dtype=pl.UInt8)
_TOLD = ("evidence", "article", "do", "answers", "note", "where")


def render_audit(
    findings: pl.LazyFrame,
    shares: pl.DataFrame,
    rejected: pl.DataFrame,
    summary: Mapping[str, Any],
    inputs: Mapping[str, Any],
    rulebook: Rulebook,
    lang: str,
    follow_up: FollowUp | None = None,
) -> str:
    """Return an audit as a page: its findings, shares, what it could not read, what it adds up to, and what it was made of."""
    counts, titles = summary["by_level"], {rule.id: rule.title.of(lang) for rule in rulebook.rules}
    given = {name: number(summary[name], lang) for name in ("dossiers", "findings", "rejected")}
    return render_page(
        Page(
            lang=lang,
            heading=phrase("page_audit", lang),
            lead=phrase("audited", lang, **given),
            counts={level: (counts[level], counts[f"{level}_provisional"]) for level in LEVELS},
            facts=(
                (phrase("page_source", lang), (Line(inputs["source"]),)),
                *law_facts(inputs["rulebook"], rulebook.reviewed_to, inputs["as_of"], lang),
                *follow_up_counts(follow_up, lang),
            ),
            entries=tuple(_entries(_gravest(findings), follow_up_states(follow_up, lang), rulebook, lang)),
            rejected=tuple((where, reason_text(reason, lang)) for where, reason in rejected.head(REJECTED).iter_rows()),
            rejections=rejected.height,
            notices=tuple(_notices(findings, summary["findings"], rulebook, lang)),
            questions=tuple(_questions(findings, rulebook, lang)),
            follow_up=follow_up_parts(follow_up, lang),
            charts=tuple(_charts(findings, rulebook, lang)),
            trends=trends(Share(title=titles[row["rule"]], **row) for row in shares.drop("kind", "unit").iter_rows(named=True)),
        )
    )


def _gravest(findings: pl.LazyFrame) -> pl.DataFrame:
    """Return the gravest findings: firm before provisional, and what is not known last."""
    ranked = (
        findings.select(_OPEN.alias("open"), "provisional", _RANK.alias("rank"))
        .with_row_index("n")
        .sort("open", "provisional", "rank", "n")
    )
    kept = ranked.head(LISTED).select("n", at=pl.int_range(pl.len())).collect(engine="streaming")
    told = findings.with_row_index("n").join(kept.lazy(), on="n", how="inner")
    return told.sort("at").drop("n", "at").collect(engine="streaming")


def _entries(findings: pl.DataFrame, states: Mapping[str, str], rulebook: Rulebook, lang: str) -> Iterator[Entry]:
    told = tell(findings, rulebook, lang, between="\n")
    kept = findings.select("level", "provisional", "subject", "rule", "rule_version", "fingerprint", "unit", "year")
    for raw, said in zip(kept.iter_rows(named=True), told.iter_rows(named=True), strict=True):
        opened = raw["level"] == "information_missing"
        yield Entry(
            level=raw["level"],
            provisional=raw["provisional"],
            message=said["title"] if opened else said["message"],
            subject=raw["subject"],
            rule=raw["rule"],
            title=said["title"],
            unit=raw["unit"] or "",
            year=str(raw["year"]),
            day=said["as_of"],
            mark=f"{raw['rule']} · {raw['rule_version']} · {raw['fingerprint']}",
            parts=tuple(_parts(said, raw["unit"], lang, opened=opened, provisional=raw["provisional"])),
            state=states.get(raw["fingerprint"], ""),
        )


def _parts(said: Mapping[str, str], unit: str | None, lang: str, *, opened: bool, provisional: bool) -> Iterator[Part]:
    for key in _TOLD:
        lines = [linked(text) if key == "article" else Line(text) for text in said[key].split("\n") if text]
        if key == "note" and provisional:
            lines.append(Line(phrase("provisional", lang)))
        if lines:
            yield phrase("page_settle" if opened and key == "do" else key, lang), tuple(lines)
    if unit:
        yield phrase("unit", lang), (Line(unit),)


def _notices(findings: pl.LazyFrame, every: int, rulebook: Rulebook, lang: str) -> Iterator[str]:
    if every > LISTED:
        yield phrase("page_listed", lang, n=number(LISTED, lang), all=number(every, lang))
    latest = findings.select(pl.col("as_of").max()).collect().item()
    for kind, reviewed in sorted(rulebook.reviewed_to.items()):
        if latest is not None and latest > reviewed:
            yield phrase(f"beyond_{kind}", lang, day=day_text(latest, lang), reviewed=day_text(reviewed, lang))


def _questions(findings: pl.LazyFrame, rulebook: Rulebook, lang: str) -> Iterable[tuple[str, str, int]]:
    """Return what to ask for first: a fact's name, and how many open findings it helps to settle."""
    waits = findings.filter(_OPEN).select("kind", fact=pl.col("waits_for").list.first()).explode("fact").drop_nulls()
    asked = waits.group_by("kind", "fact").agg(pl.len().alias("count")).collect(engine="streaming")
    named: dict[str, int] = {}
    for kind, fact, count in asked.iter_rows():
        name = label(rulebook, kind, fact, lang)
        named[name] = named.get(name, 0) + count
    return [(name, "", count) for name, count in sorted(named.items(), key=lambda pair: (-pair[1], pair[0]))[:BARS]]


def _charts(findings: pl.LazyFrame, rulebook: Rulebook, lang: str) -> Iterator[Chart]:
    levels = {str(level): phrase(level, lang) for level in LEVELS}
    titles = {rule.id: rule.title.of(lang) for rule in rulebook.rules}
    charted: dict[str, tuple[str, dict[str, str]]] = {
        "level": ("level", levels),
        "year": ("page_year", {}),
        "unit": ("unit", {}),
        "rule": ("title", titles),
    }
    for key, (noun, names) in charted.items():
        counts = _counted(findings, key)
        ordered = {"level": [level for level in levels if level in counts], "year": sorted(counts)}.get(key, [*counts][:BARS])
        bars = tuple(Bar(_short(names.get(thing, thing)), counts[thing], thing) for thing in ordered)
        if bars:
            yield Chart(phrase(f"page_chart_{key}", lang), phrase(noun, lang), key, bars)


def _counted(findings: pl.LazyFrame, key: str) -> dict[str, dict[str, int]]:
    """Return how many findings of each level, and provisional ones, each thing has, the gravest first."""
    weak = pl.when("provisional").then(pl.lit("provisional_column")).otherwise("level")
    lines = findings.drop_nulls(key).select(
        pl.col(key).cast(pl.String).alias("key"), pl.when(_OPEN).then("level").otherwise(weak)
    )
    counts: dict[str, dict[str, int]] = {}
    for thing, level, count in lines.group_by("key", "level").len().collect(engine="streaming").iter_rows():
        counts.setdefault(thing, {})[level] = count
    return dict(sorted(counts.items(), key=lambda pair: ([-pair[1].get(level, 0) for level in CHARTED], pair[0])))


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"
