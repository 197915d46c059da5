"""Change the core in one place at a time and see which changes no test notices.

python tests/mutate.py [FILE …]    all targets, or those named; exits 1 if a survivor is not listed as equivalent
"""

import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JUDGING = "tests/test_judging.py"
AGREEMENT = "tests/test_agreement.py"
TARGETS = {
    "exceptions.py": (JUDGING,),
    "lowering.py": ("tests/test_lowering.py", AGREEMENT),
    "engine/plain.py": (AGREEMENT,),
    "waiting.py": (JUDGING,),
    "judging.py": (JUDGING, "tests/test_threads.py", "tests/test_rulebook_mistakes.py"),
    "engine/single.py": (AGREEMENT, "tests/test_threads.py"),
}
PATIENCE_S = 90
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
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
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield what was changed and the source with that one change."""
    tree = ast.parse(source)
    flags = {id(part) for node in ast.walk(tree) for mark in getattr(node, "decorator_list", ()) for part in ast.walk(mark)}
    for position, node in enumerate(ast.walk(tree)):
        if id(node) in flags:
            continue  # frozen and slots guard against slips; they change no answer
        for number, told in enumerate(_changes(node)):
            changed = copy.deepcopy(tree)
            list(_applied(changed, position, number))
            line = getattr(node, "lineno", 0)
            yield f"{line}: {told}", ast.unparse(ast.fix_missing_locations(changed))


def _changes(node: ast.AST) -> list[str]:
    match node:
        case ast.Compare(ops=ops) if type(ops[0]) in SWAPS:
            return [f"{ast.unparse(node)} → {SWAPS[type(ops[0])].__name__}"]
        case ast.BoolOp() | ast.BinOp() if type(node.op) in SWAPS:
            return [f"{ast.unparse(node)} → {SWAPS[type(node.op)].__name__}"]
        case ast.UnaryOp(op=ast.Not()):
            return [f"{ast.unparse(node)} → without not"]
        case ast.Constant(value=bool() | int()):
            return [f"constant {node.value!r}"]
        case ast.Name(id=name) if name in NAMES:
            return [f"{name} → {NAMES[name]}"]
        case ast.IfExp() | ast.If():
            return [f"if {ast.unparse(node.test)} → if not"]
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            return [f"return {ast.unparse(value)[:80]} → None"]
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            return [f"{ast.unparse(node)[:80]} → nothing"]
        case _:
            return []


def _applied(tree: ast.AST, position: int, number: int) -> Iterator[None]:
    for at, node in enumerate(ast.walk(tree)):
        if at != position:
            continue
        yield None
        match node:
            case ast.Compare():
                node.ops[0] = SWAPS[type(node.ops[0])]()  # type: ignore[call-overload]
            case ast.BoolOp() | ast.BinOp():
                node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
            case ast.UnaryOp():
                _become(node, node.operand)
            case ast.Constant(value=bool()):
                node.value = not node.value
            case ast.Constant(value=int(number_said)):
                node.value = number_said + 1
            case ast.Name():
                node.id = NAMES[node.id]
            case ast.IfExp() | ast.If():
                node.test = ast.UnaryOp(ast.Not(), node.test)
            case ast.Return():
                node.value = ast.Constant(None)
            case ast.Expr() | ast.AugAssign():
                _become(node, ast.Pass())
        assert number == 0
        return


def _become(node: ast.AST, other: ast.AST) -> None:
    line = {name: getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")}
    node.__class__ = type(other)
    node.__dict__ = {**line, **other.__dict__}


def noticed(target: str, source: str) -> bool:
    """Whether some test fails of the changed source, or never ends."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / "cadre_rules" / target).write_text(source, "utf-8")
        path = {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_PROFILE": "quick"}
        for tests in TARGETS[target]:
            command = [
                "prlimit",
                "--as=6000000000",
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:doctest",
                tests,
            ]
            command += ["-o", "addopts="]
            try:
                done = subprocess.run(
                    command, cwd=ROOT, env={**os.environ, **path}, capture_output=True, timeout=PATIENCE_S, check=False
                )
            except subprocess.TimeoutExpired:
                return True
            if done.returncode:
                return True
    return False


def main(named: list[str]) -> int:
    known = (ROOT / "docs" / "decisions" / "0005-mutation.md").read_text("utf-8") if not os.environ.get("FRESH") else ""
    left = 0
    for target in named or TARGETS:
        every = list(mutants((ROOT / "src" / "cadre_rules" / target).read_text("utf-8")))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            killed = list(pool.map(lambda one, target=target: noticed(target, one[1]), every))
        survivors = [told for (told, _), dead in zip(every, killed, strict=True) if not dead]
        print(f"{target}: {len(every)} changes, {sum(killed)} noticed", flush=True)
        for told in survivors:
            equivalent = told.partition(": ")[2] in known
            left += not equivalent
            print(f"  {'equivalent' if equivalent else 'SURVIVES'} {told}", flush=True)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
