"""The command line's grammar: commands, options, and the function behind each, imported when it runs."""

import argparse
from collections.abc import Callable
from datetime import date
from typing import TypeAlias

from cadre_rules.cli.outputs import LEVELS, RENDERERS
from cadre_rules.dossier.kinds import KINDS

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # it has no public name


def parser(asked: str | None = None) -> argparse.ArgumentParser:
    """Return the reader of the command line, or of lines that begin with one command: telling all of them takes its time."""
    command = argparse.ArgumentParser(
        prog="cadre-rules",
        description="Check personnel decisions against dated, cited rules. Findings inform; people decide.",
    )
    commands = command.add_subparsers(required=True, metavar="COMMAND")
    for add in [_COMMANDS[asked]] if asked in _COMMANDS else _COMMANDS.values():
        add(commands)
    return command


def _check(commands: _Commands) -> None:
    check = commands.add_parser(
        "check",
        parents=[_judging()],
        help="judge dossiers (YAML, JSON, xlsx); - reads standard input",
    )
    check.add_argument("files", nargs="+", metavar="FILE")
    check.add_argument("--format", choices=tuple(RENDERERS), default="text")
    check.add_argument("--output", "-o", metavar="FILE", help="write the report to a file rather than to standard output")
    check.add_argument("--engine", choices=("durable", "plain"), default="durable", help=argparse.SUPPRESS)
    _add_template(check)
    check.set_defaults(run="checking.check")


def _audit(commands: _Commands) -> None:
    audit = commands.add_parser(
        "audit",
        parents=[_judging()],
        help="judge many: tables, JSON Lines, workbooks, databases",
    )
    audit.add_argument(
        "--suppress-below",
        type=_several,
        metavar="N",
        help="tell no count below N in the summary, nor one that would tell it",
    )
    audit.add_argument(
        "source", metavar="SOURCE", help="a Parquet, JSON Lines or xlsx file, a folder of tables, or a database's URL"
    )
    audit.add_argument("--format", choices=("text", "json", "html"), default="text")
    audit.add_argument("--output", "-o", metavar="FILE", help="write what is told to a file rather than to standard output")
    audit.add_argument("--out", required=True, metavar="DIR", help="folder for the results; a stopped audit goes on from there")
    audit.add_argument("--mapping", metavar="FILE", help="how the source's columns and code values are called in ours")
    audit.add_argument(
        "--tables",
        action="append",
        choices=("csv", "xlsx", "docx"),
        help="also tell the findings in words: in a table, or in an annex to sign",
    )
    _add_template(audit)
    audit.set_defaults(run="auditing.audit")


def _compare(commands: _Commands) -> None:
    compare = commands.add_parser(
        "compare", parents=[_failing()], help="say which findings of two audits are new, gone, still there"
    )
    compare.add_argument("old", metavar="OLD", help="folder of the earlier audit")
    compare.add_argument("new", metavar="NEW", help="folder of the later one")
    compare.add_argument("--format", choices=("text", "json"), default="text")
    compare.add_argument("--out", metavar="FILE", help="write every finding with its state to a .csv or .parquet file")
    compare.add_argument("--lang", choices=("vi", "en"), default="vi", help="language of texts (default: vi)")
    compare.set_defaults(run="auditing.compare")


def _register(commands: _Commands) -> None:
    register = commands.add_parser("register", help="say what is done about findings, in a register that loses nothing")
    register.add_argument("file", metavar="FILE", help="the register, a file of JSON Lines")
    actions = register.add_subparsers(required=True, metavar="ACTION", dest="action")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=("vi", "en"), default="vi", help="language of texts (default: vi)")
    saying = argparse.ArgumentParser(add_help=False, parents=[common])
    saying.add_argument("--by", required=True, metavar="OFFICE", help="which office or role says so")
    saying.add_argument("--on", type=_day, metavar="DAY", help="the day it says so (default: today)")

    show = actions.add_parser("show", parents=[common], help="show the entries, and what stands after the last run")
    show.add_argument("--format", choices=("text", "json"), default="text")
    remarks = {
        "acknowledge": "a finding is acknowledged",
        "dispute": "a finding is disputed",
        "remedied": "a finding was remedied",
    }
    for action, told in remarks.items():
        remark = actions.add_parser(action, parents=[saying], help=told)
        remark.add_argument("finding", metavar="FINGERPRINT", help="of the finding, or its beginning")
        remark.add_argument("--reason", required=action == "dispute", metavar="TEXT")
        remark.add_argument("--paper", metavar="NUMBER", help="number of the paper that says so")
    grant = actions.add_parser(
        "grant", parents=[saying], help="an exception was decided; the gate says at the next check what it is worth"
    )
    grant.add_argument("finding", nargs="?", metavar="FINGERPRINT", help="of the finding it excuses, or its beginning")
    grant.add_argument("--rule", metavar="RULE", help="rule it excuses, where no finding is named")
    grant.add_argument("--subject", metavar="ID", help="dossier it is about, or dossier/entry, where no finding is named")
    grant.add_argument("--decided-by", required=True, metavar="AUTHORITY")
    grant.add_argument("--level", metavar="LEVEL", help="level of the authority, by its code or name")
    grant.add_argument("--decided-on", required=True, type=_day, metavar="DAY")
    grant.add_argument("--expires-on", required=True, type=_day_or_none, metavar="DAY|none", help="last day it holds")
    grant.add_argument("--reason", required=True, metavar="TEXT")
    grant.add_argument("--paper", required=True, metavar="NUMBER", help="number of the decision")
    actions.add_parser("baseline", parents=[saying], help="what stands after the last run fails no later one")
    withdraw = actions.add_parser("withdraw", parents=[saying], help="an entry was a mistake and counts no more")
    withdraw.add_argument("entry", type=int, metavar="NUMBER")
    withdraw.add_argument("--reason", required=True, metavar="TEXT")
    for name, each in actions.choices.items():
        each.set_defaults(run="following.show" if name == "show" else "following.enter")


def _verify(commands: _Commands) -> None:
    verify = commands.add_parser("verify", help="say whether a register, or an audit's folder, is as it was written")
    verify.add_argument("path", metavar="FILE|DIR")
    verify.add_argument(
        "--head",
        type=_digest,
        metavar="DIGEST",
        help="noted earlier: what an entry of the register must have, or the audit's manifest",
    )
    verify.set_defaults(run="following.verify")


def _template(commands: _Commands) -> None:
    template = commands.add_parser(
        "template",
        parents=[_common()],
        help="write a workbook to fill in, or one filled in with dossiers; check and audit read it",
    )
    template.add_argument(
        "kinds", nargs="*", type=_kind, metavar="KIND", help=f"of {', '.join(KINDS)} (default: of the dossiers, or appointment)"
    )
    template.add_argument("--output", "-o", required=True, metavar="FILE", help="the .xlsx (or .docx) file to write")
    template.add_argument("--from", nargs="+", default=(), dest="dossiers", metavar="FILE", help="dossiers to fill it in with")
    template.add_argument(
        "--document", choices=("note", "annex"), help="write the Word template of a document instead, to make it yours"
    )
    template.add_argument(
        "--letterhead", choices=("state", "party"), default="state", help="whose letterhead that is (default: state)"
    )
    template.set_defaults(run="packs.template")


def _rules(commands: _Commands) -> None:
    rules = commands.add_parser("rules", parents=[_common()], help="list the rules in force on a day, by topic, with citation")
    rules.add_argument("--on", type=_day, metavar="DAY", help="the day (default: every version)")
    rules.add_argument("--format", choices=("text", "json"), default="text")
    rules.set_defaults(run="packs.rules")


def _explain(commands: _Commands) -> None:
    explain = commands.add_parser("explain", parents=[_common(), _dated()], help="say what a rule asks, on what text, when")
    explain.add_argument("rule", metavar="RULE")
    explain.add_argument("--for", dest="file", metavar="FILE", help="and why it fired or not for this dossier")
    explain.set_defaults(run="checking.explain")


def _lint(commands: _Commands) -> None:
    lint = commands.add_parser("lint", help="tell every mistake in rule packs")
    lint.add_argument("packs", nargs="+", metavar="PACK")
    lint.set_defaults(run="packs.lint")


def _test(commands: _Commands) -> None:
    test = commands.add_parser("test", help="run the cases of rule packs on every engine")
    test.add_argument("packs", nargs="+", metavar="PACK")
    test.set_defaults(run="packs.test")


def _schema(commands: _Commands) -> None:
    schema = commands.add_parser("schema", parents=[_common()], help="print JSON Schemas")
    schema.add_argument("what", nargs="?", choices=("dossier", "rules", "cases", "mapping", "register"), default="dossier")
    schema.set_defaults(run="packs.schema")


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--rules", action="append", metavar="PACK", help="rule pack by name or path, layered in order (default: vn)"
    )
    common.add_argument("--lang", choices=("vi", "en"), default="vi", help="language of texts (default: vi)")
    return common


def _dated() -> argparse.ArgumentParser:
    dated = argparse.ArgumentParser(add_help=False)
    dated.add_argument(
        "--as-of",
        type=_as_of,
        default="decision",
        metavar="DAY",
        help="law of the `decision` (default), of `today`, or of a day YYYY-MM-DD",
    )
    dated.add_argument("--today", type=_day, metavar="DAY", help="what counts as today, so that a check can be repeated")
    return dated


def _failing() -> argparse.ArgumentParser:
    """Return the options of what fails a run, and of what is recorded of it."""
    failing = argparse.ArgumentParser(add_help=False)
    failing.add_argument("--strict", action="store_true", help="let provisional findings fail the check too")
    failing.add_argument(
        "--fail-on", choices=LEVELS, default="exception_needed", metavar="LEVEL", help=f"one of {', '.join(LEVELS)}"
    )
    failing.add_argument("--register", metavar="FILE", help="record the run in this register, and tell what became of findings")
    failing.add_argument("--by", metavar="OFFICE", help="which office or role makes the entry in the register")
    return failing


def _judging() -> argparse.ArgumentParser:
    """Return the options of judging, be it one dossier or many."""
    judging = argparse.ArgumentParser(add_help=False, parents=[_common(), _dated(), _failing()])
    judging.add_argument(
        "--baseline", metavar="FILE|DIR", help="fail only on what is not in this JSON report, register or audit's folder"
    )
    judging.add_argument(
        "--pseudonymise",
        metavar="KEYFILE",
        help="put keyed pseudonyms in place of every text that could say who is meant",
    )
    return judging


def _add_template(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--template",
        default="state",
        metavar="FILE",
        help="for docx: a Word file of your own to fill in, or the letterhead `state` (default) or `party`",
    )


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


_COMMANDS: dict[str | None, Callable[[_Commands], None]] = {
    "check": _check,
    "audit": _audit,
    "compare": _compare,
    "register": _register,
    "verify": _verify,
    "template": _template,
    "rules": _rules,
    "explain": _explain,
    "lint": _lint,
    "test": _test,
    "schema": _schema,
}
