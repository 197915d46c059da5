"""Rule packs shown, linted and tested; templates and schemas made of them."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from cadre_rules.cli.inputs import dossiers_of, rulebook_of
from cadre_rules.cli.outputs import CLEAN, FOUND, MISUSED, UNREADABLE, as_json, deliver, lines, needing


def rules(options: argparse.Namespace) -> int:
    from cadre_rules.catalogue import rules_as_plain, rules_as_text

    rulebook = rulebook_of(options)
    if options.format == "json":
        deliver(as_json(rules_as_plain(rulebook, options.on, options.lang)))
    else:
        lines(rules_as_text(rulebook, options.on, options.lang))
    return CLEAN


def template(options: argparse.Namespace) -> int:
    if options.document is not None:
        with needing("word"):
            from cadre_rules.office.documents import write_template
        deliver(write_template(options.document, options.letterhead, options.lang), options.output)
        return CLEAN
    with needing("excel"):
        from cadre_rules.office.templates import render_template
    dossiers, rejected, _ = dossiers_of(options.dossiers)
    kinds = options.kinds or [dossier.kind for dossier in dossiers] or ["appointment"]
    deliver(render_template(kinds, rulebook_of(options), options.lang, dossiers), options.output)
    return UNREADABLE if rejected else CLEAN


def lint(options: argparse.Namespace) -> int:
    problems = _problems(options.packs)
    lines(map(str, problems))
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


def test(options: argparse.Namespace) -> int:
    from cadre_rules.cases import Trial, run_cases
    from cadre_rules.rulebook.loading import load_rulebook, pack_folder
    from cadre_rules.rulebook.reading import raise_if, read_cases

    read = [read_cases(pack_folder(pack)) for pack in options.packs]
    raise_if([problem for _, problems in read for problem in problems])
    layered = [load_rulebook(*options.packs[: above + 1]) for above in range(len(options.packs))]  # a pack above changes the law
    asked = [(rulebook, sources) for rulebook, (sources, _) in zip(layered, read, strict=True)]
    runs: dict[str, Callable[..., Iterable[Trial]]] = {"durable": run_cases, "plain": partial(run_cases, engine="plain")}
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


def schema(options: argparse.Namespace) -> int:
    from cadre_rules.schemas import cases_schema, dossier_schema, register_schema, rules_schema
    from cadre_rules.sources.mapping import mapping_schema

    schemas: dict[str, Callable[[], dict[str, Any]]] = {
        "dossier": dossier_schema,
        "rules": lambda: rules_schema(rulebook_of(options) if options.rules else None),
        "cases": cases_schema,
        "mapping": mapping_schema,
        "register": register_schema,
    }
    deliver(as_json(schemas[options.what]()))
    return CLEAN
