"""The command: reads what is asked, prints what was found, says it with its exit status.

Messages for people go to stderr, results to stdout. Imports wait until a command needs them.
"""

import argparse
import gc
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from cadre_rules.errors import CadreRulesError, RulebookError, SourceError

if TYPE_CHECKING:
    from cadre_rules.audits.running import Audit
    from cadre_rules.dossier.models import Dossier
    from cadre_rules.findings import FollowUp, Level, Report
    from cadre_rules.pseudonyms import Pseudonyms
    from cadre_rules.register.book import Register
    from cadre_rules.register.following import Run
    from cadre_rules.rulebook.model import Rulebook
    from cadre_rules.sources.files import Rejected

LEVELS = ("violation", "exception_needed", "target_missed", "information_missing", "judgement_needed", "indicator")
KINDS = ("appointment", "planning", "body", "unit", "statistics")
RENDERERS = {
    "text": ("reports.text", "render_text"),
    "json": ("findings", "render_json"),
    "sarif": ("reports.sarif", "render_sarif"),
    "junit": ("reports.junit", "render_junit"),
    "oscal": ("reports.oscal", "render_oscal"),
    "html": ("reports.html", "render_html"),
    "xlsx": ("office.results", "render_workbook"),
    "docx": ("office.documents", "render_note"),
}
"""Formats of a check's report, and the function that renders each: a report in, text or bytes out."""
NEEDED = {"html": "html", "xlsx": "excel", "docx": "word"}
"""The extra a format needs, where it needs one."""
CLEAN, FOUND, MISUSED, UNREADABLE = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; mistakes are told in one line each, never by a traceback."""
    options = parser().parse_args(arguments)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # nothing installed beside us has a say, or costs a search
    gc.set_threshold(1_000_000)  # a command keeps nearly all it makes; looking for garbage took a fifth of its time
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *_rest, **_more: print(f"cadre-rules: {message}", file=sys.stderr)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except RulebookError as error:
        print(error, file=sys.stderr)
        return MISUSED
    except CadreRulesError as error:
        print(f"cadre-rules: {error}", file=sys.stderr)
        return UNREADABLE
    except BrokenPipeError:
        sys.stderr.close()
        return CLEAN
    except KeyboardInterrupt:
        return 130
    finally:
        gc.freeze()  # what is left goes with the process


def _check(options: argparse.Namespace) -> int:
    from cadre_rules.checks import check

    rulebook, register, today = _rulebook(options), _register(options), options.today or date.today()
    dossiers, rejected, sources = _dossiers(options.files, _pseudonyms(options, rulebook))
    filed = [register.file_on(dossier) for dossier in dossiers] if register is not None else dossiers
    asked = {"as_of": options.as_of, "lang": options.lang, "today": today, "engine": options.engine}
    report = check(filed, rulebook, **asked, mending=True)
    report = replace(report, rejected=tuple(rejected), sources=sources)
    if register is not None:
        from cadre_rules.register.following import run_of

        titles = {rule.id: rule.title.of(options.lang) for rule in rulebook.rules}
        report = replace(report, follow_up=_followed(register, run_of(report, dossiers, today), titles, options))
    known = _known(options, register, report.follow_up, [finding.fingerprint for finding in report.findings])
    _deliver(_render(report, options, dossiers, rulebook), options.output)
    return UNREADABLE if rejected else _status(report.worst(strict=options.strict, known=known), options)


def _render(report: "Report", options: argparse.Namespace, dossiers: "Sequence[Dossier]", rulebook: "Rulebook") -> str | bytes:
    """Return a report in one of the formats for people or for other tools."""
    module, function = RENDERERS[options.format]
    with _needing(NEEDED.get(options.format, "")):
        render: Callable[..., str | bytes] = getattr(import_module(f"cadre_rules.{module}"), function)
        if options.format == "xlsx":
            return render(report, _to_mark(options, dossiers, rulebook))
        return render(report, options.template) if options.format == "docx" else render(report)


def _to_mark(options: argparse.Namespace, dossiers: "Sequence[Dossier]", rulebook: "Rulebook") -> bytes | None:
    """Return the workbook whose rows are marked: the one that was checked, else a template filled in with the dossiers."""
    from cadre_rules.office.templates import render_template

    books = [name for name in options.files if name.lower().endswith((".xlsx", ".xlsm"))]
    if dossiers and len(options.files) == len(books) == 1 and options.pseudonymise is None:
        return _read_bytes(books[0])
    try:
        kinds = [dossier.kind for dossier in dossiers]
        return render_template(kinds, rulebook, options.lang, dossiers) if dossiers else None
    except SourceError as error:
        print(f"cadre-rules: the dossiers are not in the workbook: {error}", file=sys.stderr)
        return None


def _read_bytes(name: str) -> bytes | None:
    try:
        with open(name, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return None  # it was told where it was read


def _deliver(rendered: str | bytes, output: str | None) -> None:
    """Write a report to a file, whole or not at all, or to standard output; raises `SourceError` if it cannot be written."""
    if output is None:
        if isinstance(rendered, bytes) and sys.stdout.isatty():
            raise SourceError("standard output", "is a terminal, which shows no workbook or document; say --output FILE")
        sys.stdout.flush()
        sys.stdout.buffer.write(rendered.encode() if isinstance(rendered, str) else rendered)
        sys.stdout.buffer.flush()
        return
    partial = f"{output}.partial"
    try:
        with open(partial, "wb") as file:  # noqa: PTH123  (a path would cost a cold check its import)
            file.write(rendered.encode() if isinstance(rendered, str) else rendered)
        os.replace(partial, output)  # noqa: PTH105
    except OSError as error:
        raise SourceError(output, f"cannot be written: {error.strerror or error}") from error


def _audit(options: argparse.Namespace) -> int:
    with _needing("audit"):
        from cadre_rules.audits.running import audit
        from cadre_rules.reports.summary import render_summary
        from cadre_rules.reports.tables import write_findings
    rulebook, register = _rulebook(options), _register(options)
    kept = {"as_of": options.as_of, "today": options.today, "mapping": options.mapping}
    kept |= {"pseudonymise": options.pseudonymise, "suppress_below": options.suppress_below}
    if options.suppress_below is not None and options.format not in ("text", "json"):
        parser().error(f"--suppress-below is about the summary, and {options.format} tells every finding; write one or the other")
    granted = register.on_file() if register is not None else None
    found = audit(options.source, rulebook, out=options.out, granted=granted, progress=True, **kept)
    for kind in options.tables or ():
        if kind == "docx":
            _annex(found, rulebook, options)
        else:
            write_findings(found.parts(), rulebook, found.out / f"findings.{kind}", options.lang)
    follow_up = _audit_followed(register, found, options)
    if options.format == "html":
        with _needing("html"):
            from cadre_rules.reports.audit_page import render_audit
        asked = (found.findings, found.shares, found.rejected, found.summary, found.manifest["inputs"])
        _deliver(render_audit(*asked, rulebook, options.lang, follow_up), options.output)
    else:
        told = render_summary(found.summary, found.rejected.iter_rows(), options.out, options.lang)
        _tell(dict(found.summary), told, follow_up, options)
    known = _known(options, register, follow_up, found.fingerprints())
    return UNREADABLE if found.summary["rejected"] else _status(found.worst(strict=options.strict, known=known), options)


def _annex(found: "Audit", rulebook: "Rulebook", options: argparse.Namespace) -> None:
    from cadre_rules.reports.tables import gravest

    with _needing("word"):
        from cadre_rules.office.documents import ANNEXED, annex_words, render_annex
    told = gravest(found.findings, rulebook, options.lang, ANNEXED)
    words = annex_words(found.summary, found.manifest, told, found.rejected.head(ANNEXED).iter_rows(), options.lang)
    _deliver(render_annex(words, options.lang, options.template), str(found.out / "annex.docx"))


def _compare(options: argparse.Namespace) -> int:
    with _needing("audit"):
        from cadre_rules.audits.comparing import compare
        from cadre_rules.audits.following import run_of_audit
        from cadre_rules.reports.summary import render_comparison
        from cadre_rules.reports.tables import write_table
    comparison = compare(options.old, options.new)
    if options.out is not None:
        write_table(comparison.findings.collect(), options.out)
    told, register = comparison.to_dict(), _register(options)
    if register is not None and not register.runs():
        _followed(register, run_of_audit(comparison.old), {}, options)
    follow_up = _audit_followed(register, comparison.new, options)
    _tell(told, render_comparison(told, options.lang), follow_up, options)
    return _status(comparison.worst_new(strict=options.strict), options)


def _audit_followed(register: "Register | None", found: "Audit", options: argparse.Namespace) -> "FollowUp | None":
    """Record an audit, and leave what became of every finding beside it."""
    if register is None:
        return None
    from cadre_rules.audits.following import run_of_audit, write_follow_up

    titles = {line["rule"]: line[f"title_{options.lang}"] for line in found.summary["by_rule"]}
    follow_up = _followed(register, run_of_audit(found), titles, options)
    write_follow_up(follow_up, found.out / "follow-up.csv", options.lang)
    return follow_up


def _tell(told: dict[str, Any], lines: str, follow_up: "FollowUp | None", options: argparse.Namespace) -> None:
    """Print what was found of many, and what became of it since."""
    from cadre_rules.reports.follow_up import follow_up_lines
    from cadre_rules.reports.summary import SHOWN

    if follow_up is not None:
        told["follow_up"] = follow_up.to_dict(findings=False)
        lines += "".join(f"{line}\n" for line in follow_up_lines(follow_up, options.lang, SHOWN))
    _deliver(_json(told) if options.format == "json" else lines, getattr(options, "output", None))


def _register(options: argparse.Namespace) -> "Register | None":
    """Return the register to record in, if one is named."""
    if options.register is None:
        return None
    from cadre_rules.register.book import Register

    if getattr(options, "pseudonymise", None) is not None:
        parser().error("--register and --pseudonymise do not go together: a register tells its entries as they were made")
    if not options.by:
        parser().error("--register needs --by OFFICE: every entry says who made it")
    return Register.read(options.register)


def _followed(register: "Register", run: "Run", titles: Mapping[str, str], options: argparse.Namespace) -> "FollowUp":
    from cadre_rules.register.following import follow

    return follow(register, run, titles, by=options.by, day=run.today)


def _known(
    options: argparse.Namespace, register: "Register | None", follow_up: "FollowUp | None", standing: Iterable[str]
) -> frozenset[str]:
    """Return the fingerprints of what fails nothing: the baseline's, but for what came back; say how many of them stand."""
    if options.baseline is None and register is None:
        return frozenset()
    from cadre_rules.wording import phrase

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
        with _needing("audit"):
            from cadre_rules.audits.running import read_audit
        return frozenset(read_audit(name).fingerprints())
    from cadre_rules.register.book import fingerprints_in

    return fingerprints_in(name)


def _show(options: argparse.Namespace) -> int:
    from cadre_rules.findings import OPEN
    from cadre_rules.register.book import Register
    from cadre_rules.reports.register import register_lines

    register = Register.read(options.file)
    if register.head is None:
        raise SourceError(options.file, "holds no entry; a check or an audit with --register begins a register")
    if options.format == "json":
        standing = [line._asdict() for line in register.ledger().values() if line.state in OPEN]
        entries = [entry.model_dump(mode="json", exclude_none=True) for entry in register.entries]
        _write(_json({"head": register.head, "entries": entries, "findings": standing}))
    else:
        _lines(register_lines(register, options.lang))
    return CLEAN


def _enter(options: argparse.Namespace) -> int:
    """Append what an office says to a register, and print the digest to note."""
    from cadre_rules.register.book import Register
    from cadre_rules.register.saying import said
    from cadre_rules.wording import phrase

    register = Register.read(options.file)
    register = register.append(said(register, options.action, vars(options)), by=options.by, day=options.on or date.today())
    _write(phrase("register_head", options.lang, entries=len(register.entries), head=register.head) + "\n")
    return CLEAN


def _verify(options: argparse.Namespace) -> int:
    from cadre_rules.register.verifying import verify

    told, faults = verify(options.path, options.head)
    _lines([*faults, told])
    return FOUND if faults else CLEAN


@contextmanager
def _needing(extra: str) -> Iterator[None]:
    """Say which extra to install where a library is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SourceError(str(error.name), f"is not installed; pip install 'cadre-rules[{extra}]'") from error


def _status(worst: "Level | None", options: argparse.Namespace) -> int:
    return FOUND if worst is not None and LEVELS.index(worst) <= LEVELS.index(options.fail_on) else CLEAN


def _rules(options: argparse.Namespace) -> int:
    from cadre_rules.catalogue import rules_as_plain, rules_as_text

    rulebook = _rulebook(options)
    if options.format == "json":
        _write(_json(rules_as_plain(rulebook, options.on, options.lang)))
    else:
        _lines(rules_as_text(rulebook, options.on, options.lang))
    return CLEAN


def _template(options: argparse.Namespace) -> int:
    if options.document is not None:
        with _needing("word"):
            from cadre_rules.office.documents import write_template
        _deliver(write_template(options.document, options.letterhead, options.lang), options.output)
        return CLEAN
    with _needing("excel"):
        from cadre_rules.office.templates import render_template
    dossiers, rejected, _ = _dossiers(options.dossiers)
    kinds = options.kinds or [dossier.kind for dossier in dossiers] or ["appointment"]
    _deliver(render_template(kinds, _rulebook(options), options.lang, dossiers), options.output)
    return UNREADABLE if rejected else CLEAN


def _explain(options: argparse.Namespace) -> int:
    from cadre_rules.catalogue import explain, explain_for, versions_of

    rulebook = _rulebook(options)
    try:
        versions_of(rulebook, options.rule)
    except CadreRulesError as error:
        print(f"cadre-rules: {error}", file=sys.stderr)
        return MISUSED
    _lines(explain(rulebook, options.rule, options.lang))
    if options.file is not None:
        dossiers, rejected, _ = _dossiers([options.file])
        today = options.today or date.today()
        _lines(explain_for(rulebook, options.rule, dossiers, options.as_of, today, options.lang))
        return UNREADABLE if rejected else CLEAN
    return CLEAN


def _lint(options: argparse.Namespace) -> int:
    problems = _problems(options.packs)
    _lines(map(str, problems))
    print(f"cadre-rules: {len(problems)} problem(s) in {', '.join(options.packs)}", file=sys.stderr)
    return MISUSED if problems else CLEAN


def _problems(packs: Sequence[str]) -> list[Any]:
    from cadre_rules.cases import examine_cases
    from cadre_rules.judging import Judge
    from cadre_rules.rulebook.loading import examine, pack_folder
    from cadre_rules.rulebook.reading import read_cases

    rulebook, problems = examine(*packs)
    whole = not problems
    problems = [*problems, *(Judge(rulebook).problems() if whole else ())]
    for pack in packs:
        folder = pack_folder(pack)
        sources, found = read_cases(folder)
        problems += [*found, *(examine_cases(rulebook, sources, folder) if whole else ())]
    return sorted(set(problems))


def _test(options: argparse.Namespace) -> int:
    from cadre_rules.cases import Trial, run_cases
    from cadre_rules.rulebook.loading import load_rulebook, pack_folder
    from cadre_rules.rulebook.reading import CaseSource, raise_if, read_cases

    read = [read_cases(pack_folder(pack)) for pack in options.packs]
    raise_if([problem for _, problems in read for problem in problems])
    layered = [load_rulebook(*options.packs[: above + 1]) for above in range(len(options.packs))]  # a pack above changes the law
    asked = [(rulebook, sources) for rulebook, (sources, _) in zip(layered, read, strict=True)]
    runs: dict[str, Callable[[Rulebook, Sequence[CaseSource]], Iterable[Trial]]] = {
        "durable": lambda rulebook, sources: run_cases(rulebook, sources, "durable"),
        "plain": lambda rulebook, sources: run_cases(rulebook, sources, "plain"),
    }
    if find_spec("polars"):
        from cadre_rules.audits.trials import run_cases_in_bulk

        runs["bulk"] = run_cases_in_bulk
    failed = 0
    for engine, run in runs.items():
        trials = [trial for rulebook, sources in asked for trial in run(rulebook, sources)]
        failures = [trial for trial in trials if trial.failure is not None]
        failed += len(failures)
        for trial in failures:
            print(f"{trial.place}: {trial.case.rule} {trial.on or ''}: {trial.failure} [{engine}]")
        print(f"{engine}: {len(trials) - len(failures)} passed, {len(failures)} failed")
    return FOUND if failed else CLEAN


def _schema(options: argparse.Namespace) -> int:
    from cadre_rules.schemas import cases_schema, dossier_schema, register_schema, rules_schema

    match options.what:
        case "dossier":
            _write(_json(dossier_schema()))
        case "rules":
            _write(_json(rules_schema(_rulebook(options) if options.rules else None)))
        case "mapping":
            from cadre_rules.sources.mapping import mapping_schema

            _write(_json(mapping_schema()))
        case "register":
            _write(_json(register_schema()))
        case _:
            _write(_json(cases_schema()))
    return CLEAN


def _pseudonyms(options: argparse.Namespace, rulebook: "Rulebook") -> "Pseudonyms | None":
    if options.pseudonymise is None:
        return None
    from cadre_rules.pseudonyms import Pseudonyms, read_key

    return Pseudonyms(read_key(options.pseudonymise), rulebook)


def _dossiers(
    files: Sequence[str], pseudonyms: "Pseudonyms | None" = None
) -> "tuple[list[Dossier], list[dict[str, str]], dict[str, str]]":
    """Return the dossiers of some files, what could not be read, and the file of each dossier that stands in one, by its id."""
    from cadre_rules.sources.files import WORKBOOKS, Rejected, read_dossiers

    dossiers: list[Dossier] = []
    rejected: list[dict[str, str]] = []
    sources: dict[str, str] = {}
    for name in files:
        try:
            found = list(_of_workbook(name) if name.lower().endswith(WORKBOOKS) else read_dossiers(name))
            found = found or [Rejected(name, "holds no dossier; fill in a row of its first sheet")]
        except SourceError as error:
            found = [Rejected(error.location, error.reason)]
        for read in found:
            if isinstance(read, Rejected):
                told = (read.where, read.reason) if pseudonyms is None else pseudonyms.told(read.where, read.reason)
                rejected.append(dict(zip(("where", "reason"), told, strict=True)))
                print(f"cadre-rules: {': '.join(told)}", file=sys.stderr)
            else:
                dossiers.append(read if pseudonyms is None else pseudonyms.dossier(read))
                if name != "-":
                    sources[dossiers[-1].id] = name if pseudonyms is None else pseudonyms.of(name, "identity")
    return dossiers, rejected, sources


def _of_workbook(name: str) -> "Iterator[Dossier | Rejected]":
    from cadre_rules.sources.batches import read_models

    return read_models(name)


def _rulebook(options: argparse.Namespace) -> "Rulebook":
    from cadre_rules.rulebook.loading import load_rulebook

    return load_rulebook(*(options.rules or ("vn",)))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"


def _lines(lines: Iterable[str]) -> None:
    _write("".join(f"{line}\n" for line in lines))


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


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


def _as_of(text: str) -> date | Literal["decision", "today"]:
    match text:
        case "decision":
            return "decision"
        case "today":
            return "today"
        case _:
            return _day(text)


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    command = argparse.ArgumentParser(
        prog="cadre-rules",
        description="Check personnel decisions against dated, cited rules. Findings inform; people decide.",
    )
    commands = command.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--rules", action="append", metavar="PACK", help="rule pack by name or path, layered in order (default: vn)"
    )
    common.add_argument("--lang", choices=("vi", "en"), default="vi", help="language of texts (default: vi)")
    dated = argparse.ArgumentParser(add_help=False)
    dated.add_argument(
        "--as-of",
        type=_as_of,
        default="decision",
        metavar="DAY",
        help="law of the `decision` (default), of `today`, or of a day YYYY-MM-DD",
    )
    dated.add_argument("--today", type=_day, metavar="DAY", help="what counts as today, so that a check can be repeated")

    failing, followed, known = _failing()
    check = commands.add_parser(
        "check",
        parents=[common, dated, failing, followed, known, _private()],
        help="judge dossiers (YAML, JSON, xlsx); - reads standard input",
    )
    check.add_argument("files", nargs="+", metavar="FILE")
    check.add_argument("--format", choices=tuple(RENDERERS), default="text")
    check.add_argument("--output", "-o", metavar="FILE", help="write the report to a file rather than to standard output")
    check.add_argument("--engine", choices=("durable", "plain"), default="durable", help=argparse.SUPPRESS)
    check.set_defaults(run=_check)

    audit = commands.add_parser(
        "audit",
        parents=[common, dated, failing, followed, known, _private(), _few()],
        help="judge many: tables, JSON Lines, workbooks, databases",
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
    audit.set_defaults(run=_audit)

    compare = commands.add_parser(
        "compare", parents=[failing, followed], help="say which findings of two audits are new, gone, still there"
    )
    compare.add_argument("old", metavar="OLD", help="folder of the earlier audit")
    compare.add_argument("new", metavar="NEW", help="folder of the later one")
    compare.add_argument("--format", choices=("text", "json"), default="text")
    compare.add_argument("--out", metavar="FILE", help="write every finding with its state to a .csv or .parquet file")
    compare.add_argument("--lang", choices=("vi", "en"), default="vi", help="language of texts (default: vi)")
    compare.set_defaults(run=_compare)

    _add_register(commands)
    _add_template(commands, common, filling_in=(check, audit))

    rules = commands.add_parser("rules", parents=[common], help="list the rules in force on a day, by topic, with citation")
    rules.add_argument("--on", type=_day, metavar="DAY", help="the day (default: every version)")
    rules.add_argument("--format", choices=("text", "json"), default="text")
    rules.set_defaults(run=_rules)

    explain = commands.add_parser("explain", parents=[common, dated], help="say what a rule asks, on what text, when")
    explain.add_argument("rule", metavar="RULE")
    explain.add_argument("--for", dest="file", metavar="FILE", help="and why it fired or not for this dossier")
    explain.set_defaults(run=_explain)

    lint = commands.add_parser("lint", help="tell every mistake in rule packs")
    lint.add_argument("packs", nargs="+", metavar="PACK")
    lint.set_defaults(run=_lint)

    test = commands.add_parser("test", help="run the cases of rule packs on every engine")
    test.add_argument("packs", nargs="+", metavar="PACK")
    test.set_defaults(run=_test)

    schema = commands.add_parser("schema", parents=[common], help="print JSON Schemas")
    schema.add_argument("what", nargs="?", choices=("dossier", "rules", "cases", "mapping", "register"), default="dossier")
    schema.set_defaults(run=_schema)
    return command


def _private() -> argparse.ArgumentParser:
    private = argparse.ArgumentParser(add_help=False)
    told = "put keyed pseudonyms in place of every text that could say who is meant"
    private.add_argument("--pseudonymise", metavar="KEYFILE", help=told)
    return private


def _few() -> argparse.ArgumentParser:
    few = argparse.ArgumentParser(add_help=False)
    told = "tell no count below N in the summary, nor one that would tell it"
    few.add_argument("--suppress-below", type=_several, metavar="N", help=told)
    return few


def _failing() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser, argparse.ArgumentParser]:
    """Return the options of what fails a run, of what is recorded of it, and of what was known before."""
    failing = argparse.ArgumentParser(add_help=False)
    failing.add_argument("--strict", action="store_true", help="let provisional findings fail the check too")
    failing.add_argument(
        "--fail-on", choices=LEVELS, default="exception_needed", metavar="LEVEL", help=f"one of {', '.join(LEVELS)}"
    )
    followed = argparse.ArgumentParser(add_help=False)
    followed.add_argument("--register", metavar="FILE", help="record the run in this register, and tell what became of findings")
    followed.add_argument("--by", metavar="OFFICE", help="which office or role makes the entry in the register")
    known = argparse.ArgumentParser(add_help=False)
    known.add_argument(
        "--baseline", metavar="FILE|DIR", help="fail only on what is not in this JSON report, register or audit's folder"
    )
    return failing, followed, known


def _add_register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands about a register."""
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
    show.set_defaults(run=_show)
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
        each.set_defaults(run=_show if name == "show" else _enter)

    verify = commands.add_parser("verify", help="say whether a register, or an audit's folder, is as it was written")
    verify.add_argument("path", metavar="FILE|DIR")
    verify.add_argument(
        "--head",
        type=_digest,
        metavar="DIGEST",
        help="noted earlier: what an entry of the register must have, or the audit's manifest",
    )
    verify.set_defaults(run=_verify)


def _add_template(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    common: argparse.ArgumentParser,
    filling_in: Iterable[argparse.ArgumentParser],
) -> None:
    """Add the command that writes templates, and to commands that fill in documents which one."""
    told = "for docx: a Word file of your own to fill in, or the letterhead `state` (default) or `party`"
    for command in filling_in:
        command.add_argument("--template", default="state", metavar="FILE", help=told)
    template = commands.add_parser(
        "template", parents=[common], help="write a workbook to fill in, or one filled in with dossiers; check and audit read it"
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
    template.set_defaults(run=_template)
