"""A rulebook kept between runs is the rulebook, and a file put in its place is not trusted."""

import io
import marshal
import os
import pickle
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from cadre_rules.facts import deriving
from cadre_rules.facts.generating import write
from cadre_rules.judging import judge_of
from cadre_rules.program import code_of
from cadre_rules.rulebook import keeping, loading
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.rulebook.model import Rulebook
from small import SMALL, appointment, copy_pack, report_of


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CADRE_RULES_CACHE", str(tmp_path / "kept"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
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


RAW = appointment(deputies_after=9, steps=[], person={})


def code_kept(raw: Any = RAW) -> tuple[Rulebook, str, Path]:
    """Judge and keep what was written down for it; the rulebook, what was said, and the file of the code."""
    rulebook = load_rulebook(SMALL)
    said = report_of(raw, rulebook).to_json()
    judge_of(rulebook).keep()
    return rulebook, said, keeping._place((*rulebook.digests, "appointment", "code")) or Path()


@pytest.mark.usefixtures("kept")
def test_what_was_written_down_once_is_found_and_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    _, said, place = code_kept()
    stood = place.stat().st_mtime_ns
    again = load_rulebook(SMALL)
    writing = Mock(wraps=write)
    monkeypatch.setattr(deriving, "write", writing)
    assert report_of(RAW, again).to_json() == said
    written = {call.args[0] for call in writing.call_args_list}
    assert not written & set(judge_of(again).court("appointment").program.facts.values())
    judge_of(again).keep()
    assert place.stat().st_mtime_ns == stood


@pytest.mark.usefixtures("kept")
def test_what_is_written_down_later_is_kept_with_what_was_before() -> None:
    rulebook, _, _ = code_kept(appointment(decision="dismissal"))
    before = code_of(rulebook, "appointment").keys()
    code_kept()
    assert before < code_of(rulebook, "appointment").keys()


def forged(place: Path, key: bytes) -> None:
    evil = {fact: (marshal.dumps(compile("1 / 0", "<evil>", "eval")), ()) for fact in ("person_age", "deputies")}
    place.write_bytes(keeping.sealed(keeping.as_kept(evil), key))


@pytest.mark.usefixtures("kept")
def test_code_that_the_user_did_not_seal_is_never_run() -> None:
    rulebook, _, place = code_kept()
    whole = place.read_bytes()
    for key in (b"", bytes(32), place.stem.encode(), bytes(32) + place.stem.encode()):
        forged(place, key)
        assert code_of(rulebook, "appointment") == {}
    place.write_bytes(whole)
    assert code_of(rulebook, "appointment")
    for at in (0, 31, 32, len(whole) - 1):
        place.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert code_of(rulebook, "appointment") == {}


@pytest.mark.usefixtures("kept")
def test_code_sealed_for_another_place_is_never_run() -> None:
    rulebook, _, place = code_kept()
    other = keeping._place((*rulebook.digests, "body", "code"))
    assert other is not None
    shutil.copy(place, other)
    assert code_of(rulebook, "body") == {}


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("change", [lambda secret: secret.chmod(0o640), lambda secret: secret.write_bytes(b"short")])
def test_without_a_secret_of_the_users_own_no_code_is_kept_or_run(tmp_path: Path, change: Any) -> None:
    rulebook, said, place = code_kept()
    change(tmp_path / "home" / ".cache" / "cadre-rules" / "secret")
    assert code_of(rulebook, "appointment") == {}
    place.unlink()
    assert code_kept()[1] == said
    assert not place.exists()


@pytest.mark.usefixtures("kept")
def test_a_secret_is_made_once_and_for_the_user_alone(tmp_path: Path) -> None:
    code_kept()
    secret = tmp_path / "home" / ".cache" / "cadre-rules" / "secret"
    first = secret.read_bytes()
    assert (secret.stat().st_mode & 0o777, len(first)) == (0o600, 32)
    code_kept()
    assert secret.read_bytes() == first
    secret.unlink()
    assert code_of(load_rulebook(SMALL), "appointment") == {}  # another secret opens nothing
    assert secret.read_bytes() != first


@pytest.mark.usefixtures("kept")
def test_where_nothing_is_kept_no_secret_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADRE_RULES_CACHE", "off")
    rulebook = load_rulebook(SMALL)
    report_of(RAW, rulebook)
    judge_of(rulebook).keep()
    assert not (tmp_path / "home").exists()
