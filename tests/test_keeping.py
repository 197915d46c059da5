"""A rulebook kept between runs is the rulebook, and a file put in its place is not trusted."""

import io
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from cadre_rules.rulebook import keeping, loading
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.rulebook.model import Rulebook
from small import SMALL, appointment, copy_pack, report_of


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CADRE_RULES_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def only(folder: Path) -> Path:
    (found,) = folder.glob("*.rulebook")
    return found


def test_a_kept_rulebook_judges_as_the_one_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = load_rulebook(SMALL)
    assert only(kept).stat().st_size > 0
    monkeypatch.setattr(loading, "examine", lambda *_packs: pytest.fail("was read again"))
    found = load_rulebook(SMALL)
    assert found == read
    raw = appointment(deputies_after=9, steps=[], person={})
    assert report_of(raw, found).to_json() == report_of(raw, read).to_json()


def test_a_changed_pack_is_read_anew(kept: Path, tmp_path: Path) -> None:
    folder = copy_pack(SMALL, tmp_path / "pack")
    load_rulebook(folder)
    copy_pack(SMALL, tmp_path / "pack", [("definitions.yaml", "value: 2500", "value: 3000")])
    assert load_rulebook(folder).parameters["women_min"][0].value == 3000
    assert len(list(kept.glob("*.rulebook"))) == 2


def test_no_more_than_a_few_are_kept(kept: Path, tmp_path: Path) -> None:
    for number in range(keeping.MAX_KEPT + 3):
        load_rulebook(copy_pack(SMALL, tmp_path / f"pack{number}"))
    assert len(list(kept.iterdir())) == keeping.MAX_KEPT


def test_nothing_is_kept_where_keeping_is_off_or_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADRE_RULES_CACHE", "off")
    load_rulebook(SMALL)
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("CADRE_RULES_CACHE", str(tmp_path / "file" / "kept"))
    assert isinstance(load_rulebook(SMALL), Rulebook)


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_others_may_write_is_not_read(kept: Path, mode: int) -> None:
    load_rulebook(SMALL)
    digests = [f"{SMALL.resolve()} {load_rulebook(SMALL).packs[0].digest}"]
    assert keeping.find_kept(digests, Rulebook) is not None
    kept.chmod(mode)
    assert keeping.find_kept(digests, Rulebook) is None


class Evil:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def named(module: str, name: str) -> bytes:
    """A pickle that calls what stands under a name, dotted or not, with a path."""
    return (
        pickle.PROTO
        + b"\x05"
        + b"".join(pickle.SHORT_BINUNICODE + bytes([len(word)]) + word.encode() for word in (module, name))
        + pickle.STACK_GLOBAL
        + pickle.EMPTY_TUPLE
        + pickle.REDUCE
        + pickle.STOP
    )


@pytest.mark.parametrize(
    "written",
    [
        pickle.dumps(Evil(os.system, "true")),
        pickle.dumps(Evil(eval, "1")),
        named("cadre_rules.rulebook.keeping", "Path"),
        named("cadre_rules.rulebook.keeping", "Path.cwd"),
        named("cadre_rules.rulebook.keeping", "NamedTemporaryFile"),
        named("cadre_rules.rulebook.loading", "Path.home"),
        named("cadre_rules.rulebook.loading", "load_rulebook"),
        pickle.dumps("a text"),
        b"",
        b"no pickle",
    ],
)
def test_a_file_that_holds_anything_else_is_as_if_not_there(kept: Path, written: bytes) -> None:
    digests = [f"{SMALL.resolve()} {load_rulebook(SMALL).packs[0].digest}"]
    only(kept).write_bytes(keeping.sealed(written))
    assert keeping.find_kept(digests, Rulebook) is None
    assert load_rulebook(SMALL).rules


def test_names_that_are_not_the_packages_own_are_refused() -> None:
    for module, name in (
        ("cadre_rules.rulebook.keeping", "Path.cwd"),
        ("os", "system"),
        ("cadre_rules.rulebook.loading", "Path"),
    ):
        with pytest.raises(pickle.UnpicklingError, match="has no place"):
            keeping._Reader(io.BytesIO(named(module, name))).load()


def test_a_file_touched_anywhere_is_as_if_not_there(kept: Path) -> None:
    digests = [f"{SMALL.resolve()} {load_rulebook(SMALL).packs[0].digest}"]
    whole = only(kept).read_bytes()
    for place in (0, 31, 32, len(whole) // 2, len(whole) - 1):
        only(kept).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert keeping.find_kept(digests, Rulebook) is None
