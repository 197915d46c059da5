"""One full dossier against a whole rule pack: how long a check takes, and a cold start, and what memory does.

python benchmarks/dossier.py [--pack vn] [--checks 2000] [--cold 9] [--soak 10000] [FILE ...]

Without files it takes fixtures/*.yaml, or, if there are none, an appointment in which every field is filled in.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from cadre_rules.checks import check
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.people import Appointment
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.yaml import read_yaml
from cadre_rules.sources.files import Rejected, read_dossiers

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
TODAY = date(2026, 11, 23)
WARM_UP = 200
BARS = {"median": 2.0, "p99": 10.0, "import": 150.0, "cold": 600.0, "load": 500.0}
"""Milliseconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--pack", default="vn")
    parser.add_argument("--checks", type=int, default=2000, help="timed checks of each file, after a warm-up")
    parser.add_argument("--cold", type=int, default=9, help="cold starts, at least 7 for a fair median")
    parser.add_argument("--soak", type=int, default=10_000, help="checks over which memory is watched")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = options.files or sorted(map(str, FIXTURES.glob("*.yaml"))) or [_filled_file(Path(folder))]
        rulebook = load_rulebook(options.pack)
        print(f"pack {options.pack}: {len(rulebook.rules)} rule versions; Python {platform.python_version()}\n")
        print("| what | measured | bar | |\n|---|---:|---:|---|")
        for line in _lines(options, files, rulebook, str(Path(folder) / "kept")):
            print(line, flush=True)


def _lines(options: argparse.Namespace, files: list[str], rulebook: Rulebook, cache: str) -> Iterator[str]:
    for name in files:
        dossiers = [read for read in read_dossiers(name) if not isinstance(read, Rejected)]
        value = read_yaml(Path(name).read_text("utf-8"), Path(name))[0].value
        raw = value.get("dossiers", [value])
        report = check(dossiers, rulebook, today=TODAY)
        what = f"{Path(name).name} ({report.rules_in_force} rules, {len(report.findings)} findings)"
        for how, given in (("", dossiers), (", from plain values", raw)):
            times = _times(given, rulebook, options.checks)
            yield _line(f"check, median: {what}{how}", median(times), "median")
            yield _line(f"check, 99th percentile: {what}{how}", quantiles(times, n=100)[98], "p99")
    both = "from cadre_rules import check, load_rulebook"
    command = f"cadre-rules check {Path(files[0]).name}, cold"
    for what, bar, run in (
        ("import cadre_rules", "import", _timed_import("import cadre_rules")),
        (both, None, _timed_import(both)),
        (f"{command}, reading the pack", "cold", _timed_command(files[0], options.pack, "off")),
        (f"{command}, rulebook kept from before", "cold", _timed_command(files[0], options.pack, cache)),
        ("load the pack, reading it", "load", lambda: _load(options.pack, "off")),
        ("load the pack, kept from before", "load", lambda: _load(options.pack, cache)),
        ("the first check of a loaded pack", None, lambda: _first(options.pack, cache, files[0])),
    ):
        run()
        yield _line(what, median(run() for _ in range(options.cold)), bar)
    yield _soaked([read for read in read_dossiers(files[0]) if not isinstance(read, Rejected)], rulebook, options.soak)


def _line(what: str, millis: float, bar: str | None) -> str:
    if bar is None:
        return f"| {what} | {millis:,.2f} ms | | |"
    return f"| {what} | {millis:,.2f} ms | {BARS[bar]:,.0f} ms | {'met' if millis <= BARS[bar] else 'MISSED'} |"


def _times(given: list[Any], rulebook: Rulebook, checks: int) -> list[float]:
    for _ in range(WARM_UP):
        check(given, rulebook, today=TODAY)
    return [_millis(lambda: check(given, rulebook, today=TODAY)) for _ in range(checks)]


def _millis(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def _timed_import(statement: str) -> Callable[[], float]:
    """Time an import in a new process, from inside, so that Python's own start does not count."""
    script = f"import time; s = time.perf_counter(); {statement}; print((time.perf_counter() - s) * 1e3)"
    return lambda: float(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout)


def _timed_command(file: str, pack: str, cache: str) -> Callable[[], float]:
    """Time the command in a new process from start to exit, Python's own start included."""
    command = [sys.executable, "-m", "cadre_rules", "check", "--rules", pack, "--today", TODAY.isoformat(), file]

    environment = {**os.environ, "CADRE_RULES_CACHE": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode

    def run() -> float:
        start = time.perf_counter()
        done = subprocess.run(command, check=False, capture_output=True, env=environment)
        assert done.returncode in (0, 1), done.stderr.decode()
        return (time.perf_counter() - start) * 1e3

    return run


def _load(pack: str, cache: str) -> float:
    os.environ["CADRE_RULES_CACHE"] = cache
    return _millis(lambda: load_rulebook(pack))


def _first(pack: str, cache: str, file: str) -> float:
    """Time the check that compiles the rules about its subjects and builds their rulesets."""
    os.environ["CADRE_RULES_CACHE"] = cache
    rulebook = load_rulebook(pack)
    dossiers = [read for read in read_dossiers(file) if not isinstance(read, Rejected)]
    return _millis(lambda: check(dossiers, rulebook, today=TODAY))


def _soaked(dossiers: list[Dossier], rulebook: Rulebook, checks: int) -> str:
    before = _resident()
    for _ in range(checks):
        check(dossiers, rulebook, today=TODAY)
    return f"| memory after {checks:,} more checks | {_resident() - before:+,.1f} MB of {_resident():,.0f} MB | | |"


def _resident() -> float:
    """Return the megabytes this process holds (Linux)."""
    kilobytes = next(
        line.split()[1] for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmRSS")
    )
    return int(kilobytes) / 1024


def _filled_file(folder: Path) -> str:
    path = folder / "filled-appointment.json"
    schema = Appointment.model_json_schema()
    filled = _filled(schema, schema["$defs"], "", 0) | {"id": "filled", "kind": "appointment", "decision": "appointment"}
    path.write_text(json.dumps(filled, ensure_ascii=False), "utf-8")
    return str(path)


def _filled(schema: Mapping[str, Any], known: Mapping[str, Any], path: str, number: int) -> Any:
    """Return a value for every field of a schema: three elements to a list, days of one decision, codes by turns."""
    if "anyOf" in schema:
        return _filled(schema["anyOf"][0], known, path, number)
    if "$ref" in schema:
        return _filled(known[schema["$ref"].rpartition("/")[2]], known, path, number)
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    match schema.get("type"):
        case "object":
            return {name: _filled(part, known, f"{path}.{name}", number) for name, part in schema["properties"].items()}
        case "array":
            return [_filled(schema["items"], known, path, position) for position in range(3)]
        case "boolean":
            return number % 2 == 0
        case "integer":
            return 2020 + number if path.endswith("year") else 2 + number
        case "string" if "2021-05-03" not in schema.get("description", ""):
            return f"Tỉnh Thanh Hóa {number}"
        case _:
            return "1975-05-03" if "birth" in path else f"{2023 if '.days.' in path else 2019 + number}-10-0{number + 1}"


if __name__ == "__main__":
    main()
