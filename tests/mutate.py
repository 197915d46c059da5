"""Change the core in one place at a time and see which changes no test notices.

python tests/mutate.py [FILE …]    all targets, or those named; exits 1 if a survivor is not excused, or an excuse excuses nothing

Every change runs in a process of its own, forked from one that has read the libraries once. Sources and tests are copied first,
so nobody's editing disturbs a run, and property tests draw the same examples each time: what notices is the change alone.
"""

import ast
import importlib.util
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import hypothesis
import pydantic
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "decisions" / "0005-mutation.md"
WARM = (hypothesis, pydantic, yaml)
TARGETS = {
    "lowering.py": ("test_lowering.py", "test_agreement.py"),
    "engine/plain.py": ("test_plain.py", "test_agreement.py"),
    "exceptions.py": ("test_judging.py",),
    "waiting.py": ("test_judging.py",),
    "judging.py": ("test_judging.py", "test_keeping.py", "test_threads.py", "test_rulebook_mistakes.py"),
    "engine/single.py": ("test_single.py", "test_agreement.py", "test_threads.py"),
}
PATIENCE_S = int(os.environ.get("PATIENCE_S", "40"))
WORKERS = int(os.environ.get("WORKERS", str(os.cpu_count())))
MEMORY_BYTES = 6_000_000_000
SWAPS: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change: the line as it stands, what is changed there (numbered if the same is changed again), and all of the source."""

    number: int
    line: str
    told: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every change of the source, one at a time."""
    tree = ast.parse(source)
    lines = source.splitlines()
    seen: Counter[tuple[str, str]] = Counter()
    silent = {id(part) for node in ast.walk(tree) for mark in _silent(node) for part in ast.walk(mark)}
    for node in [node for node in ast.walk(tree) if id(node) not in silent]:
        for told, changed in _changes(node):
            at = next(part.lineno for part in ast.walk(node) if hasattr(part, "lineno"))
            key = (lines[at - 1].strip(), told)
            seen[key] += 1
            said = told if seen[key] == 1 else f"{told} ({seen[key]})"
            yield Mutant(at, key[0], said, _unparsed(tree, node, changed))


def _silent(node: ast.AST) -> list[ast.AST]:
    """Return what changes no answer: annotations, and the flags of decorators, which guard against slips."""
    parts = [getattr(node, name, None) for name in ("annotation", "returns")]
    return [*(part for part in parts if part is not None), *getattr(node, "decorator_list", ())]


def _unparsed(tree: ast.AST, node: ast.AST, changed: ast.AST) -> str:
    kept, fields = type(node), node.__dict__
    node.__class__, node.__dict__ = type(changed), changed.__dict__
    try:
        return ast.unparse(tree)
    finally:
        node.__class__, node.__dict__ = kept, fields


def _changes(node: Any) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            for at, op in enumerate(ops):
                swapped = [*ops[:at], SWAPS[type(op)](), *ops[at + 1 :]]
                yield f"{ast.unparse(node)} → {SWAPS[type(op)].__name__}", _at(node, ast.Compare(left, swapped, others))
        case ast.BoolOp(values=values):
            yield f"{ast.unparse(node)} → {SWAPS[type(node.op)].__name__}", ast.BoolOp(SWAPS[type(node.op)](), values)
        case ast.BinOp(left=left, right=right) if type(node.op) in SWAPS:
            yield f"{ast.unparse(node)} → {SWAPS[type(node.op)].__name__}", ast.BinOp(left, SWAPS[type(node.op)](), right)
        case ast.UnaryOp(op=ast.Not() | ast.Invert() as op, operand=operand):
            yield f"{ast.unparse(node)} → without {type(op).__name__}", operand
        case ast.Constant(value=bool(value)):
            yield f"{value} → {not value}", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield f"{value} → {value + 1}", ast.Constant(value + 1)
        case ast.Name(id=name) if name in NAMES:
            yield f"{name} → {NAMES[name]}", ast.Name(NAMES[name], node.ctx)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield f"if {ast.unparse(test)} → if not", ast.IfExp(_no(test), body, orelse)
        case ast.If(test=test, body=body, orelse=orelse):
            yield f"if {ast.unparse(test)} → if not", _at(node, ast.If(_no(test), body, orelse))
        case ast.While(test=test, body=body, orelse=orelse):
            yield f"while {ast.unparse(test)} → while not", _at(node, ast.While(_no(test), body, orelse))
        case ast.comprehension(target=target, iter=iterated, ifs=[_, *_]):
            yield f"{ast.unparse(node).strip()} → without if", ast.comprehension(target, iterated, [], node.is_async)
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) not in ("None", "True", "False"):
            yield f"return {ast.unparse(value)[:80]} → None", _at(node, ast.Return(ast.Constant(None)))
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.AugAssign():
            yield f"{ast.unparse(node)[:80]} → nothing", _at(node, ast.Pass())
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript() | ast.Tuple()]):
            yield f"{ast.unparse(node)[:80]} → nothing", _at(node, ast.Pass())


def _no(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _at(node: ast.AST, changed: ast.AST) -> ast.AST:
    return ast.copy_location(changed, node)


class _Changed(MetaPathFinder, SourceFileLoader):  # type: ignore[misc]  # two bases say the same of source_to_code
    """Loads one module from changed source, every other as ever."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        SourceFileLoader.__init__(self, module, str(path))
        self.source = source

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self) if fullname == self.name else None

    def get_code(self, fullname: str) -> CodeType | None:
        return compile(self.source, self.path, "exec") if fullname == self.name else None


def fates(folder: Path, target: str, sources: Sequence[str]) -> list[str]:
    """Return what became of each source of the target: `survives`, `noticed`, or `endless` if no test had failed by then."""
    found = [""] * len(sources)
    running: dict[int, int] = {}
    waiting = list(enumerate(sources))[::-1]
    while waiting or running:
        while waiting and len(running) < WORKERS:
            number, source = waiting.pop()
            pid = os.fork()
            if pid == 0:
                _run(folder, target, source)
            running[pid] = number
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        found[running.pop(pid)] = _FATES.get(code, "noticed")
    return found


_FATES = {0: "survives", -signal.SIGXCPU: "endless", -signal.SIGALRM: "endless"}


def _run(folder: Path, target: str, source: str) -> None:
    """Run the target's tests on this source, in a process that then ends."""
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE_S, PATIENCE_S + 1))
    signal.alarm(10 * PATIENCE_S)  # a deadlock takes no time of the processor
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.chdir(folder)
    if not os.environ.get("ALOUD"):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
    sys.path[:0] = [str(folder / "src"), str(folder / "tests")]
    module = "cadre_rules." + target.removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, _Changed(module, folder / "src" / "cadre_rules" / target, source))
    chosen = [f"tests/{name}" for name in TARGETS[target]]
    code = 3
    try:
        options = ["-qx", "-pno:cacheprovider", "-pno:doctest", "-oaddopts="]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # the libraries were read before the fork
        code = int(pytest.main([*options, *chosen]))
    finally:
        sys.stdout.flush()
        os._exit(code)


def excuses(target: str) -> dict[tuple[str, str], str]:
    """Return why a change of a line of the target changes no answer, as the page says."""
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip().strip("`").replace("\\|", "|") for cell in row] for row in rows]
    return {(row[1], row[2]): row[3] for row in cells if len(row) == 4 and row[0] == target}


def main(named: Sequence[str]) -> int:
    """Run the targets, tell the survivors, and return whether one is not excused or an excuse is not needed."""
    left = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("src", "tests", "rules"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        for target in named or TARGETS:
            left += _told(folder, target)
    return 1 if left else 0


def _told(folder: Path, target: str) -> int:
    source = (folder / "src" / "cadre_rules" / target).read_text("utf-8")
    if fates(folder, target, [ast.unparse(ast.parse(source))]) != ["survives"]:
        print(f"{target}: its tests fail of the source as it is: nothing can be learned", flush=True)
        return 1
    every = list(mutants(source))
    ends = fates(folder, target, [one.source for one in every])
    counted = Counter(ends)
    excused = excuses(target)
    survivors = [one for one, end in zip(every, ends, strict=True) if end == "survives"]
    unknown = [one for one in survivors if (one.line, one.told) not in excused]
    needless = excused.keys() - {(one.line, one.told) for one in survivors}
    print(
        f"{target}: {len(every)} changes, {counted['noticed']} noticed, "
        f"{counted['endless']} not ended after {PATIENCE_S} s of work, "
        f"{len(survivors) - len(unknown)} excused, {len(unknown)} unexcused",
        flush=True,
    )
    for one, end in zip(every, ends, strict=True):
        if end == "endless" or one in unknown:
            print(f"  {end} {one.number}: {one.line} ⟶ {one.told}", flush=True)
    for line, told in sorted(needless):
        print(f"  excuses nothing: {line} ⟶ {told}", flush=True)
    return len(unknown) + len(needless)


if __name__ == "__main__":
    os.environ |= {"HYPOTHESIS_PROFILE": "mutants"}
    sys.exit(main(sys.argv[1:]))
