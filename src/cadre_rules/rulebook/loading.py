"""Load rule packs by name or path, layered in order."""

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from cadre_rules.errors import Problem, RulebookError
from cadre_rules.names import did_you_mean
from cadre_rules.rulebook.checking import build_rulebook
from cadre_rules.rulebook.keeping import find_kept, keep
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.reading import PackFiles, digest_of, raise_if, read_pack

_EXTENDS = re.compile(r"\bextends:\s*[\"']?([a-z0-9-]+)")
_HERE = Path(__file__).resolve().parent.parent
SHELVES = (_HERE / "rules", _HERE.parent.parent / "rules")
"""Where shipped packs stand: inside an installed package, or at the top of a checkout."""


def load_rulebook(*packs: str | Path) -> Rulebook:
    """Return the rulebook of the named packs, later ones layered over earlier, or raise every problem at once.

    A pack is the name of a shipped one (`vn`) or the path of a folder. What a pack extends is loaded before it.
    """
    folders = [pack_folder(pack) for pack in packs or ("vn",)]
    digests = tuple(f"{folder.resolve()} {digest_of(folder)}" for folder in _layered(folders))
    with _all_of_it_stays():
        rulebook = find_kept(digests, Rulebook)
        if rulebook is None:
            read, problems = examine(*packs)
            raise_if(problems)
            rulebook = replace(read, digests=digests)
            keep(rulebook, digests)
    return rulebook


@contextmanager
def _all_of_it_stays() -> Iterator[None]:
    """Make a hundred thousand values without Python looking for garbage among them, which takes as long as half the reading."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()


def examine(*packs: str | Path) -> tuple[Rulebook, list[Problem]]:
    """Return the rulebook as far as it can be read, and every problem in it."""
    layers: list[PackFiles] = []
    problems: list[Problem] = []
    for pack in packs or ("vn",):
        problems += _add(pack_folder(pack), layers, ())
    rulebook, found = build_rulebook([] if problems else layers)  # meaning is only checked of files whose form is right
    return rulebook, problems + found


def pack_folder(pack: str | Path) -> Path:
    """Return the folder of a pack given by shipped name or path."""
    if Path(pack).is_dir():
        return Path(pack)
    for shelf in SHELVES:
        if isinstance(pack, str) and pack.isidentifier() | ("-" in pack) and (shelf / pack / "pack.yaml").is_file():
            return shelf / pack
    hint = did_you_mean(str(pack), shipped_packs()) or f"; shipped packs: {', '.join(shipped_packs())}"
    raise RulebookError([Problem(Path(pack), 1, "RB006", f"no such rule pack{hint}")])


def shipped_packs() -> list[str]:
    """Return the names of the packs that come with this library."""
    return sorted({path.parent.name for shelf in SHELVES for path in shelf.glob("*/pack.yaml")})


def _layered(folders: Sequence[Path]) -> list[Path]:
    """Return the folders with those of the packs they extend; found by a glance, for their bytes are what is asked for."""
    found: dict[Path, None] = {}
    waiting = list(folders)
    while waiting:
        folder = waiting.pop(0)
        if folder not in found:
            found[folder] = None
            named = _EXTENDS.search((folder / "pack.yaml").read_text("utf-8")) if (folder / "pack.yaml").is_file() else None
            with suppress(RulebookError):
                waiting += [pack_folder(named[1])] if named else []
    return list(found)


def _add(folder: Path, layers: list[PackFiles], below: Sequence[Path]) -> list[Problem]:
    if folder.resolve() in [layer.folder.resolve() for layer in layers]:
        return []
    if folder.resolve() in below:
        return [Problem(folder, 1, "RB504", "packs extend each other in a circle")]
    files, problems = read_pack(folder)
    for source in files.sources:
        if source.file.pack is not None and source.file.pack.extends is not None:
            try:
                parent = pack_folder(source.file.pack.extends)
            except RulebookError as error:
                return [*problems, source.problem(("pack", "extends"), "RB504", error.problems[0].message)]
            problems = [*_add(parent, layers, (*below, folder.resolve())), *problems]
    layers.append(files)
    return problems
