"""The command line's grammar: commands, what each takes, and the function behind it, imported when it runs."""

import argparse
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from cadre_rules.cli.outputs import RENDERERS
from cadre_rules.dossier.kinds import KINDS
from cadre_rules.wording import LEVELS

_Taken: TypeAlias = tuple[tuple[str, ...], dict[str, Any]]
"""One thing a command takes, as argparse is told of it: its names, and what is said of it."""


class _Command(NamedTuple):
    """The function behind a command, what it does, what it takes, and the actions it has if it is several."""

    run: str
    help: str
    taken: tuple[_Taken, ...] = ()
    actions: Mapping[str, "_Command"] = {}


def parser(asked: str | None = None) -> argparse.ArgumentParser:
    """Return the reader of the command line, or of lines that begin with one command: telling all of them takes its time."""
    command = argparse.ArgumentParser(
        prog="cadre-rules",
        description="Check personnel decisions against dated, cited rules. Findings inform; people decide.",
    )
    known = {asked: _COMMANDS[asked]} if asked is not None and asked in _COMMANDS else _COMMANDS
    _add(command, known, metavar="COMMAND")
    return command


def _add(to: argparse.ArgumentParser, commands: Mapping[str, _Command], **said: Any) -> None:
    among = to.add_subparsers(required=True, **said)
    for name, told in commands.items():
        command = among.add_parser(name, help=told.help)
        for names, about in told.taken:
            command.add_argument(*names, **about)
        command.set_defaults(run=told.run)
        if told.actions:
            _add(command, told.actions, metavar="ACTION", dest="action")


def _takes(*names: str, **said: Any) -> _Taken:
    return names, said


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write 2021-05-03") from error


def _day_or_none(text: str) -> date | None:
    return None if text == "none" else _day(text)


def _kind(text: str) -> str:
    if text not in KINDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no kind of dossier; one of: {', '.join(KINDS)}")
    return text


def _digest(text: str) -> str:
    if len(text) < 12 or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"{text!r} is no digest; give at least its first 12 figures")
    return text


def _several(text: str) -> int:
    if text.isascii() and text.isdigit() and 2 <= int(text) <= 1000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no size of a group; write a whole number from 2 to 1000, such as 5")


def _as_of(text: str) -> date | str:
    return text if text in ("decision", "today") else _day(text)


_LANG = _takes("--lang", choices=("vi", "en"), default="vi", help="language of texts (default: vi)")
_COMMON = (
    _takes("--rules", action="append", metavar="PACK", help="rule pack by name or path, layered in order (default: vn)"),
    _LANG,
)
_DATED = (
    _takes(
        "--as-of",
        type=_as_of,
        default="decision",
        metavar="DAY",
        help="law of the `decision` (default), of `today`, or of a day YYYY-MM-DD",
    ),
    _takes("--today", type=_day, metavar="DAY", help="what counts as today, so that a check can be repeated"),
)
_FAILING = (
    _takes("--strict", action="store_true", help="let provisional findings fail the check too"),
    _takes("--fail-on", choices=LEVELS, default="exception_needed", metavar="LEVEL", help=f"one of {', '.join(LEVELS)}"),
    _takes("--register", metavar="FILE", help="record the run in this register, and tell what became of findings"),
    _takes("--by", metavar="OFFICE", help="which office or role makes the entry in the register"),
)
"""What fails a run, and what is recorded of it."""
_JUDGING = (
    *_COMMON,
    *_DATED,
    *_FAILING,
    _takes("--baseline", metavar="FILE|DIR", help="fail only on what is not in this JSON report, register or audit's folder"),
    _takes("--pseudonymise", metavar="KEYFILE", help="put keyed pseudonyms in place of every text that could say who is meant"),
)
"""Judging, be it one dossier or many."""
_FORMAT = _takes("--format", choices=("text", "json"), default="text")
_TEMPLATE = _takes(
    "--template",
    default="state",
    metavar="FILE",
    help="for docx: a Word file of your own to fill in, or the letterhead `state` (default) or `party`",
)
_PACKS = _takes("packs", nargs="+", metavar="PACK")
_SAYING = (
    _LANG,
    _takes("--by", required=True, metavar="OFFICE", help="which office or role says so"),
    _takes("--on", type=_day, metavar="DAY", help="the day it says so (default: today)"),
)
_REASON = _takes("--reason", required=True, metavar="TEXT")
_FINDING = _takes("finding", metavar="FINGERPRINT", help="of the finding, or its beginning")
_PAPER = _takes("--paper", metavar="NUMBER", help="number of the paper that says so")
_REMARKING = (*_SAYING, _FINDING, _takes("--reason", metavar="TEXT"), _PAPER)
_ACTIONS = {
    "show": _Command("following.show", "show the entries, and what stands after the last run", (_LANG, _FORMAT)),
    "acknowledge": _Command("following.enter", "a finding is acknowledged", _REMARKING),
    "dispute": _Command("following.enter", "a finding is disputed", (*_SAYING, _FINDING, _REASON, _PAPER)),
    "remedied": _Command("following.enter", "a finding was remedied", _REMARKING),
    "grant": _Command(
        "following.enter",
        "an exception was decided; the gate says at the next check what it is worth",
        (
            *_SAYING,
            _takes("finding", nargs="?", metavar="FINGERPRINT", help="of the finding it excuses, or its beginning"),
            _takes("--rule", metavar="RULE", help="rule it excuses, where no finding is named"),
            _takes("--subject", metavar="ID", help="dossier it is about, or dossier/entry, where no finding is named"),
            _takes("--decided-by", required=True, metavar="AUTHORITY"),
            _takes("--level", metavar="LEVEL", help="level of the authority, by its code or name"),
            _takes("--decided-on", required=True, type=_day, metavar="DAY"),
            _takes("--expires-on", required=True, type=_day_or_none, metavar="DAY|none", help="last day it holds"),
            _REASON,
            _takes("--paper", required=True, metavar="NUMBER", help="number of the decision"),
        ),
    ),
    "baseline": _Command("following.enter", "what stands after the last run fails no later one", _SAYING),
    "withdraw": _Command(
        "following.enter",
        "an entry was a mistake and counts no more",
        (*_SAYING, _takes("entry", type=int, metavar="NUMBER"), _REASON),
    ),
}
_COMMANDS = {
    "check": _Command(
        "checking.check",
        "judge dossiers (YAML, JSON, xlsx); - reads standard input",
        (
            *_JUDGING,
            _takes("files", nargs="+", metavar="FILE"),
            _takes("--format", choices=tuple(RENDERERS), default="text"),
            _takes("--output", "-o", metavar="FILE", help="write the report to a file rather than to standard output"),
            _takes("--engine", choices=("durable", "plain"), default="durable", help=argparse.SUPPRESS),
            _TEMPLATE,
        ),
    ),
    "audit": _Command(
        "auditing.audit",
        "judge many: tables, JSON Lines, workbooks, databases",
        (
            *_JUDGING,
            _takes(
                "--suppress-below",
                type=_several,
                metavar="N",
                help="tell no count below N in the summary, nor one that would tell it",
            ),
            _takes(
                "source", metavar="SOURCE", help="a Parquet, JSON Lines or xlsx file, a folder of tables, or a database's URL"
            ),
            _takes("--format", choices=("text", "json", "html"), default="text"),
            _takes("--output", "-o", metavar="FILE", help="write what is told to a file rather than to standard output"),
            _takes("--out", required=True, metavar="DIR", help="folder for the results; a stopped audit goes on from there"),
            _takes("--mapping", metavar="FILE", help="how the source's columns and code values are called in ours"),
            _takes(
                "--tables",
                action="append",
                choices=("csv", "xlsx", "docx"),
                help="also tell the findings in words: in a table, or in an annex to sign",
            ),
            _TEMPLATE,
        ),
    ),
    "compare": _Command(
        "auditing.compare",
        "say which findings of two audits are new, gone, still there",
        (
            *_FAILING,
            _takes("old", metavar="OLD", help="folder of the earlier audit"),
            _takes("new", metavar="NEW", help="folder of the later one"),
            _FORMAT,
            _takes("--out", metavar="FILE", help="write every finding with its state to a .csv or .parquet file"),
            _LANG,
        ),
    ),
    "register": _Command(
        "following.enter",
        "say what is done about findings, in a register that loses nothing",
        (_takes("file", metavar="FILE", help="the register, a file of JSON Lines"),),
        _ACTIONS,
    ),
    "verify": _Command(
        "following.verify",
        "say whether a register, or an audit's folder, is as it was written",
        (
            _takes("path", metavar="FILE|DIR"),
            _takes(
                "--head",
                type=_digest,
                metavar="DIGEST",
                help="noted earlier: what an entry of the register must have, or the audit's manifest",
            ),
        ),
    ),
    "template": _Command(
        "packs.template",
        "write a workbook to fill in, or one filled in with dossiers; check and audit read it",
        (
            *_COMMON,
            _takes(
                "kinds",
                nargs="*",
                type=_kind,
                metavar="KIND",
                help=f"of {', '.join(KINDS)} (default: of the dossiers, or appointment)",
            ),
            _takes("--output", "-o", required=True, metavar="FILE", help="the .xlsx (or .docx) file to write"),
            _takes("--from", nargs="+", default=(), dest="dossiers", metavar="FILE", help="dossiers to fill it in with"),
            _takes(
                "--document",
                choices=("note", "annex"),
                help="write the Word template of a document instead, to make it yours",
            ),
            _takes("--letterhead", choices=("state", "party"), default="state", help="whose letterhead that is (default: state)"),
        ),
    ),
    "rules": _Command(
        "packs.rules",
        "list the rules in force on a day, by topic, with citation",
        (*_COMMON, _takes("--on", type=_day, metavar="DAY", help="the day (default: every version)"), _FORMAT),
    ),
    "explain": _Command(
        "checking.explain",
        "say what a rule asks, on what text, when",
        (
            *_COMMON,
            *_DATED,
            _takes("rule", metavar="RULE"),
            _takes("--for", dest="file", metavar="FILE", help="and why it fired or not for this dossier"),
        ),
    ),
    "lint": _Command("packs.lint", "tell every mistake in rule packs", (_PACKS,)),
    "test": _Command("packs.test", "run the cases of rule packs on every engine", (_PACKS,)),
    "schema": _Command(
        "packs.schema",
        "print JSON Schemas",
        (
            *_COMMON,
            _takes("what", nargs="?", choices=("dossier", "rules", "cases", "mapping", "register"), default="dossier"),
        ),
    ),
}
