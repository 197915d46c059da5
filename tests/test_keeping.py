"""A rulebook kept between runs is the rulebook, and a file put in its place is not trusted."""

import marshal
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


class Evil:
    def __reduce__(self) -> Any:
        return pytest.fail, ("was run",)


def test_what_the_user_did_not_seal_is_never_looked_into(kept: Path, tmp_path: Path) -> None:
    digests = load_rulebook(SMALL).digests
    secret = (tmp_path / "home" / ".cache" / "cadre-rules" / "secret").read_bytes()
    name = only(kept).stem.encode()
    for key in (b"", bytes(32), name, bytes(32) + name, secret, secret + name[:-1]):
        only(kept).write_bytes(keeping.sealed(pickle.dumps(Evil()), key))
        assert keeping.find_kept(digests, Rulebook) is None
    assert load_rulebook(SMALL).rules


@pytest.mark.parametrize("written", [pickle.dumps("a text"), b"no pickle", b"cnowhere.at\nAll\n."])
def test_a_file_that_holds_anything_else_is_as_if_not_there(kept: Path, written: bytes) -> None:
    digests = load_rulebook(SMALL).digests
    only(kept).write_bytes(keeping.sealed(written, keeping._key(only(kept))))
    assert keeping.find_kept(digests, Rulebook) is None
    assert load_rulebook(SMALL).rules


def test_a_file_touched_anywhere_is_as_if_not_there(kept: Path) -> None:
    digests = load_rulebook(SMALL).digests
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
    return rulebook, said, keeping._place(rulebook.digests, "appointment", "code")


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
    place.write_bytes(keeping.sealed(pickle.dumps(evil), key))


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
    shutil.copy(place, keeping._place(rulebook.digests, "body", "code"))
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
