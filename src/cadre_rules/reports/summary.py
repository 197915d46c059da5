"""What an audit adds up to, and how two differ, as lines on a terminal."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cadre_rules.wording import LEVELS, phrase, reason_text

SHOWN = 15
"""Rules, units and rejected rows told; the files have all."""


def render_summary(summary: Mapping[str, Any], rejected: Iterable[tuple[str, str]], out: str, lang: str) -> str:
    """Return the summary of an audit as lines of text, worst first."""
    return "".join(f"{line}\n" for line in _summary(summary, rejected, out, lang))


def _summary(summary: Mapping[str, Any], rejected: Iterable[tuple[str, str]], out: str, lang: str) -> Iterator[str]:
    counts = summary["by_level"]
    yield phrase("audited", lang, dossiers=summary["dossiers"], findings=summary["findings"], rejected=summary["rejected"])
    outcomes = [f"{count} {phrase(name, lang)}" for name, count in summary["by_outcome"].items() if count]
    yield from [f"  {', '.join(outcomes)}."] if outcomes else []
    for level in LEVELS:
        firm, provisional = counts[level], counts[f"{level}_provisional"]
        if firm or provisional:
            yield f"  {phrase(level, lang)}: {firm}" + (
                f" (+ {provisional} {phrase('provisional', lang)})" if provisional else ""
            )
    yield from _listed("worst_rules", summary["by_rule"], "rule", lang)
    yield from _listed("worst_units", summary["worst_units"], "unit", lang)
    if summary["rejected"]:
        yield f"{phrase('rejected', lang).upper()} ({summary['rejected']})"
        for where, reason in [*rejected][:SHOWN]:
            yield f"  {where}: {reason_text(reason, lang)}"
        if summary["rejected"] > SHOWN:
            yield f"  … {out}/rejected.csv"
    yield phrase("audit_files", lang, out=out)
    yield phrase("inform", lang)


def _listed(heading: str, lines: Iterable[Mapping[str, Any]], key: str, lang: str) -> Iterator[str]:
    told = [line for line in lines if line["findings"] and line[key] is not None][:SHOWN]
    if told:
        yield phrase(heading, lang).upper()
    for line in told:
        levels = (f"{line[level]} {phrase(level, lang).lower()}" for level in LEVELS if line[level])
        provisional = [f"{line['provisional']} {phrase('provisional_short', lang)}"] if line["provisional"] else []
        title = line.get(f"title_{lang}")
        yield f"  {line[key]}" + (f" – {title}" if title else "") + f": {', '.join([*levels, *provisional])}"


def render_comparison(comparison: Mapping[str, Any], lang: str) -> str:
    """Return what became of the findings of one audit in another, as lines of text."""
    return "".join(f"{line}\n" for line in _comparison(comparison, lang))


def _comparison(comparison: Mapping[str, Any], lang: str) -> Iterator[str]:
    if comparison["differences"]:
        yield phrase("audits_differ", lang)
        yield from (f"  {difference}" for difference in comparison["differences"])
    yield ", ".join(f"{count} {phrase(f'state_{state}', lang)}" for state, count in comparison["findings"].items())
    for rule, states in comparison["by_rule"].items():
        if states["new"] or states["gone"]:
            yield f"  {rule}: " + ", ".join(
                f"{count} {phrase(f'state_{state}', lang)}" for state, count in states.items() if count
            )
