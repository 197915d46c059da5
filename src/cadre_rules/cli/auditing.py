"""Judge many, or hold two audits against each other."""

import argparse
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from cadre_rules.cli.following import followed, known_before, register_of
from cadre_rules.cli.inputs import rulebook_of
from cadre_rules.cli.options import parser
from cadre_rules.cli.outputs import UNREADABLE, as_json, deliver, needing, status

if TYPE_CHECKING:
    from cadre_rules.audits.processes import Processes
    from cadre_rules.audits.running import Audit
    from cadre_rules.findings import FollowUp
    from cadre_rules.register.book import Register
    from cadre_rules.rulebook.model import Rulebook


def audit(options: argparse.Namespace) -> int:
    from cadre_rules.audits.processes import begun

    with ExitStack() as until_end:
        early = begun(options.source) if options.pseudonymise is None else None
        if early is not None:
            until_end.enter_context(closing(early))
        return _audited(options, early)


def _audited(options: argparse.Namespace, early: "Processes | None") -> int:
    with needing("audit"):
        from cadre_rules.audits.running import audit
        from cadre_rules.reports.summary import render_summary
        from cadre_rules.reports.tables import write_findings
    rulebook, register = rulebook_of(options), register_of(options)
    kept = {"as_of": options.as_of, "today": options.today, "mapping": options.mapping}
    kept |= {"pseudonymise": options.pseudonymise, "suppress_below": options.suppress_below}
    if options.suppress_below is not None and options.format not in ("text", "json"):
        parser().error(f"--suppress-below is about the summary, and {options.format} tells every finding; write one or the other")
    granted = register.on_file() if register is not None else None
    found = audit(options.source, rulebook, out=options.out, granted=granted, processes=early, progress=True, **kept)
    for kind in options.tables or ():
        if kind == "docx":
            _annex(found, rulebook, options)
        else:
            write_findings(found.parts(), rulebook, found.out / f"findings.{kind}", options.lang)
    follow_up = _audit_followed(register, found, options)
    if options.format == "html":
        with needing("html"):
            from cadre_rules.reports.audit_page import render_audit
        asked = (found.findings, found.shares, found.rejected, found.summary, found.manifest["inputs"])
        deliver(render_audit(*asked, rulebook, options.lang, follow_up), options.output)
    else:
        told = render_summary(found.summary, found.rejected.iter_rows(), options.out, options.lang)
        _tell(dict(found.summary), told, follow_up, options)
    known = known_before(options, register, follow_up, found.fingerprints())
    return UNREADABLE if found.summary["rejected"] else status(found.worst(strict=options.strict, known=known), options)


def _annex(found: "Audit", rulebook: "Rulebook", options: argparse.Namespace) -> None:
    from cadre_rules.reports.tables import gravest

    with needing("word"):
        from cadre_rules.office.documents import ANNEXED, annex_words, render_annex
    told = gravest(found.findings, rulebook, options.lang, ANNEXED)
    words = annex_words(found.summary, found.manifest, told, found.rejected.head(ANNEXED).iter_rows(), options.lang)
    deliver(render_annex(words, options.lang, options.template), str(found.out / "annex.docx"))


def compare(options: argparse.Namespace) -> int:
    with needing("audit"):
        from cadre_rules.audits.comparing import compare
        from cadre_rules.audits.following import run_of_audit
        from cadre_rules.reports.summary import render_comparison
        from cadre_rules.reports.tables import write_table
    comparison = compare(options.old, options.new)
    if options.out is not None:
        write_table(comparison.findings.collect(), options.out)
    told, register = comparison.to_dict(), register_of(options)
    if register is not None and not register.runs():
        followed(register, run_of_audit(comparison.old), {}, options)
    follow_up = _audit_followed(register, comparison.new, options)
    _tell(told, render_comparison(told, options.lang), follow_up, options)
    return status(comparison.worst_new(strict=options.strict), options)


def _audit_followed(register: "Register | None", found: "Audit", options: argparse.Namespace) -> "FollowUp | None":
    """Record an audit, and leave what became of every finding beside it."""
    if register is None:
        return None
    from cadre_rules.audits.following import run_of_audit, write_follow_up

    titles = {line["rule"]: line[f"title_{options.lang}"] for line in found.summary["by_rule"]}
    follow_up = followed(register, run_of_audit(found), titles, options)
    write_follow_up(follow_up, found.out / "follow-up.csv", options.lang)
    return follow_up


def _tell(told: dict[str, Any], lines: str, follow_up: "FollowUp | None", options: argparse.Namespace) -> None:
    """Print what was found of many, and what became of it since."""
    from cadre_rules.reports.follow_up import follow_up_lines
    from cadre_rules.reports.summary import SHOWN

    if follow_up is not None:
        told["follow_up"] = follow_up.to_dict(findings=False)
        lines += "".join(f"{line}\n" for line in follow_up_lines(follow_up, options.lang, SHOWN))
    deliver(as_json(told) if options.format == "json" else lines, getattr(options, "output", None))
