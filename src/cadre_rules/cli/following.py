"""Registers: what became of findings, what offices say of them, whether anything was changed."""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from cadre_rules.cli.options import parser
from cadre_rules.cli.outputs import CLEAN, FOUND, as_json, deliver, lines, needing
from cadre_rules.errors import SourceError
from cadre_rules.wording import phrase

if TYPE_CHECKING:
    from cadre_rules.findings import FollowUp
    from cadre_rules.register.book import Register
    from cadre_rules.register.following import Run


def register_of(options: argparse.Namespace) -> "Register | None":
    """Return the register to record in, if one is named."""
    if options.register is None:
        return None
    from cadre_rules.register.book import Register

    if getattr(options, "pseudonymise", None) is not None:
        parser().error("--register and --pseudonymise do not go together: a register tells its entries as they were made")
    if not options.by:
        parser().error("--register needs --by OFFICE: every entry says who made it")
    return Register.read(options.register)


def followed(register: "Register", run: "Run", titles: Mapping[str, str], options: argparse.Namespace) -> "FollowUp":
    from cadre_rules.register.following import follow

    return follow(register, run, titles, by=options.by, day=run.today)


def known_before(
    options: argparse.Namespace, register: "Register | None", follow_up: "FollowUp | None", standing: Iterable[str]
) -> frozenset[str]:
    """Return the fingerprints of what fails nothing: the baseline's, but for what came back; say how many of them stand."""
    known = register.baseline() if register is not None else frozenset()
    known |= _baseline(options.baseline) if options.baseline is not None else frozenset()
    known -= {one.fingerprint for one in follow_up.findings if one.state == "reopened"} if follow_up is not None else set()
    count = len(known.intersection(standing)) if known else 0
    if count:
        print(f"cadre-rules: {phrase('baselined', options.lang, count=count)}", file=sys.stderr)
    return known


def _baseline(name: str) -> frozenset[str]:
    """Return the fingerprints an audit's folder, a JSON report or a register's last run holds."""
    if os.path.isdir(name):  # noqa: PTH112  (a path would cost a cold check its import)
        with needing("audit"):
            from cadre_rules.audits.running import read_audit
        return frozenset(read_audit(name).fingerprints())
    from cadre_rules.register.book import fingerprints_in

    return fingerprints_in(name)


def show(options: argparse.Namespace) -> int:
    from cadre_rules.findings import OPEN
    from cadre_rules.register.book import Register
    from cadre_rules.reports.register import register_lines

    register = Register.read(options.file)
    if register.head is None:
        raise SourceError(options.file, "holds no entry; a check or an audit with --register begins a register")
    if options.format == "json":
        standing = [line._asdict() for line in register.ledger().values() if line.state in OPEN]
        entries = [entry.model_dump(mode="json", exclude_none=True) for entry in register.entries]
        deliver(as_json({"head": register.head, "entries": entries, "findings": standing}))
    else:
        lines(register_lines(register, options.lang))
    return CLEAN


def enter(options: argparse.Namespace) -> int:
    """Append what an office says to a register, and print the digest to note."""
    from cadre_rules.register.book import Register
    from cadre_rules.register.saying import said

    register = Register.read(options.file)
    register = register.append(said(register, options.action, vars(options)), by=options.by, day=options.on or date.today())
    lines([phrase("register_head", options.lang, entries=len(register.entries), head=register.head)])
    return CLEAN


def verify(options: argparse.Namespace) -> int:
    from cadre_rules.register.verifying import verify

    told, faults = verify(options.path, options.head)
    lines([*faults, told])
    return FOUND if faults else CLEAN
