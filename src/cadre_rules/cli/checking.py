"""Judge dossiers and print the report; explain a rule."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from importlib import import_module
from operator import attrgetter
from pathlib import Path

from cadre_rules import checks
from cadre_rules.cli.following import followed, known_before, register_of
from cadre_rules.cli.inputs import dossiers_of, pseudonyms_of, rulebook_of
from cadre_rules.cli.outputs import CLEAN, MISUSED, RENDERERS, UNREADABLE, deliver, lines, needing, status
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.errors import CadreRulesError, SourceError
from cadre_rules.findings import Report
from cadre_rules.judging import judge_of
from cadre_rules.rulebook.model import Rulebook


def check(options: argparse.Namespace) -> int:
    rulebook, register, today = rulebook_of(options), register_of(options), options.today or date.today()
    dossiers, rejected, sources = dossiers_of(options.files, pseudonyms_of(options, rulebook))
    filed = [register.file_on(dossier) for dossier in dossiers] if register is not None else dossiers
    asked = {"as_of": options.as_of, "lang": options.lang, "today": today, "engine": options.engine}
    report = checks.check(filed, rulebook, **asked, mending=True)
    report = replace(report, rejected=tuple(rejected), sources=sources)
    if register is not None:
        from cadre_rules.register.following import run_of

        titles = {rule.id: rule.title.of(options.lang) for rule in rulebook.rules}
        report = replace(report, follow_up=followed(register, run_of(report, dossiers, today), titles, options))
    known = known_before(options, register, report.follow_up, [finding.fingerprint for finding in report.findings])
    deliver(_render(report, options, dossiers, rulebook), options.output)
    judge_of(rulebook).keep()
    return UNREADABLE if rejected else status(report.worst(strict=options.strict, known=known), options)


def _render(report: Report, options: argparse.Namespace, dossiers: Sequence[Dossier], rulebook: Rulebook) -> str | bytes:
    """Return a report in one of the formats for people or for other tools."""
    module, function, extra = RENDERERS[options.format]
    with needing(extra):
        render: Callable[..., str | bytes] = attrgetter(function)(import_module(f"cadre_rules.{module}"))
        if options.format == "xlsx":
            return render(report, _to_mark(options, dossiers, rulebook))
        return render(report, options.template) if options.format == "docx" else render(report)


def _to_mark(options: argparse.Namespace, dossiers: Sequence[Dossier], rulebook: Rulebook) -> bytes | None:
    """Return the workbook whose rows are marked: the one that was checked, else a template filled in with the dossiers."""
    from cadre_rules.office.templates import render_template

    books = [name for name in options.files if name.lower().endswith((".xlsx", ".xlsm"))]
    if dossiers and len(options.files) == len(books) == 1 and options.pseudonymise is None:
        try:
            return Path(books[0]).read_bytes()
        except OSError:
            return None  # it was told where it was read
    try:
        kinds = [dossier.kind for dossier in dossiers]
        return render_template(kinds, rulebook, options.lang, dossiers) if dossiers else None
    except SourceError as error:
        print(f"cadre-rules: the dossiers are not in the workbook: {error}", file=sys.stderr)
        return None


def explain(options: argparse.Namespace) -> int:
    from cadre_rules.catalogue import explain, explain_for, versions_of

    rulebook = rulebook_of(options)
    try:
        versions_of(rulebook, options.rule)
    except CadreRulesError as error:
        print(f"cadre-rules: {error}", file=sys.stderr)
        return MISUSED
    lines(explain(rulebook, options.rule, options.lang))
    if options.file is not None:
        dossiers, rejected, _ = dossiers_of([options.file])
        today = options.today or date.today()
        if dossiers:
            lines(explain_for(rulebook, options.rule, dossiers, options.as_of, today, options.lang))
        return UNREADABLE if rejected else CLEAN
    return CLEAN
