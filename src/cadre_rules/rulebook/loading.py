"""Load rule packs by name or path, layered in order."""

import gc
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cadre_rules.errors import Problem, RulebookError
from cadre_rules.names import did_you_mean
from cadre_rules.rulebook.checking import build_rulebook
from cadre_rules.rulebook.keeping import find_kept, keep
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.reading import digest_of, raise_if, read_pack
from cadre_rules.rulebook.yaml import read_yaml

_HERE = Path(__file__).resolve().parent.parent
SHELVES = (_HERE / "rules", _HERE.parent.parent / "rules")
"""Where shipped packs stand: inside an installed package, or at the top of a checkout."""
_WHATEVER_ELSE = ("RB101", "RB202", "RB203", "RB204", "RB206", "RB302", "RB305", "RB306")
"""Mistakes of meaning that are told beside files wrong in form: nothing that those may say would mend them."""


def load_rulebook(*packs: str | Path) -> Rulebook:
    """Return the rulebook of the named packs, later ones layered over earlier, or raise every problem at once.

    A pack is the name of a shipped one (`vn`, whatever folder has that name here) or the path of a folder (`./vn`). What a
    pack extends is loaded before it.
    """
    folders, _ = _layered(packs)
    digests = tuple(f"{folder.resolve()} {digest_of(folder)}" for folder in folders)
    rulebook = find_kept(digests, Rulebook)
    if rulebook is None:
        looking = gc.isenabled()
        gc.disable()  # a hundred thousand values that all stay: looking for garbage among them takes a fifth of the reading
        try:
            read, problems = examine(*packs)
        finally:
            if looking:
                gc.enable()
        raise_if(problems)
        rulebook = replace(read, digests=digests)
        keep(rulebook, digests)
    return rulebook


def examine(*packs: str | Path) -> tuple[Rulebook, list[Problem]]:
    """Return the rulebook as far as it can be read, and every problem in it."""
    folders, problems = _layered(packs)
    read = [read_pack(folder) for folder in folders]
    problems += [problem for _, found in read for problem in found]
    rulebook, found = build_rulebook([files for files, _ in read])
    return rulebook, problems + [problem for problem in found if not problems or problem.code in _WHATEVER_ELSE]


def pack_folder(pack: str | Path) -> Path:
    """Return the folder of a pack given by shipped name or path."""
    shipped = {path.parent.name: path.parent for shelf in reversed(SHELVES) for path in sorted(shelf.glob("*/pack.yaml"))}
    if isinstance(pack, str) and pack in shipped:
        return shipped[pack]
    if Path(pack).is_dir():
        return Path(pack)
    hint = did_you_mean(str(pack), shipped) or f"; shipped packs: {', '.join(shipped)}"
    raise RulebookError([Problem(Path(pack), 1, "RB006", f"no such rule pack{hint}")])


def _layered(packs: Sequence[str | Path]) -> tuple[list[Path], list[Problem]]:
    """Return the folders of packs, each after the one it extends, and every problem in that."""
    layers: dict[Path, Path] = {}
    problems: list[Problem] = []
    for pack in packs or ("vn",):
        _lay(pack_folder(pack), (), layers, problems)
    return list(layers.values()), problems


def _lay(folder: Path, above: tuple[Path, ...], layers: dict[Path, Path], problems: list[Problem]) -> None:
    """Lay a pack over the one it extends, unless it lies there already; `above` are those that extend it."""
    whole = folder.resolve()
    if whole in above:
        problems.append(Problem(folder, 1, "RB504", "packs extend each other in a circle"))
    elif whole not in layers:
        below = _extended(folder / "pack.yaml", problems)
        if below is not None:
            _lay(below, (*above, whole), layers, problems)
        layers[whole] = folder


def _extended(path: Path, problems: list[Problem]) -> Path | None:
    """Return the folder of what a pack says it extends, found by a glance at that file alone."""
    text = ""
    with suppress(OSError):
        text = path.read_bytes().decode("utf-8", "replace")
    if "extends" not in text and "\\" not in text:
        return None  # and YAML is not imported where all rules are kept from before
    document, _ = read_yaml(text, path)
    match document.value:
        case {"pack": {"extends": str(name)}}:
            try:
                return pack_folder(name)
            except RulebookError as error:
                problems.append(Problem(path, document.line(("pack", "extends")), "RB504", error.problems[0].message))
    return None
