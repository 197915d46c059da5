"""Whatever stands in a rule file, a dossier or a kept rulebook, only the documented errors come of it, and soon."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cadre_rules.cases import examine_cases
from cadre_rules.checks import check
from cadre_rules.cli import main
from cadre_rules.errors import CadreRulesError, Problem
from cadre_rules.judging import Judge
from cadre_rules.reports.text import render_text
from cadre_rules.rulebook import keeping
from cadre_rules.rulebook.checking import build_rulebook
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.reading import PackFiles, Source, _read, read_cases
from cadre_rules.rulebook.schema import RuleFile
from cadre_rules.rulebook.yaml import read_yaml
from cadre_rules.sources.files import Rejected, read_dossiers
from small import SMALL, TODAY, appointment, small

COUNT = int(os.environ.get("CADRE_RULES_FUZZ") or 1000)
PATIENCE_S = 30
"""Far longer than any example takes; one that takes longer hangs."""

ODD: list[Any] = [None, True, False, 0, -1, 10**17, "", "x", "ủy", "²", "\u0000", "{votes}", "{}", [], {}, [[]], {"a": 1}]
ODD += [date.min, date.max, "2021-13-01", "99999999999999999999", "1e99", {"param": "women_min"}, {"fact": "votes"}, [None]]
ODD += [{"field": "post.area"}, {"field": "person.kin"}, {"item": ""}, {"outcomes": {}}, {"from": date.min, "until": date.max}]
ODD += [{"every": []}, {"not": {"not": {"fact": "votes", "equals": 1}}}, "9" * 5000, "\ud7ff\ue000", "\u2028", "a" * 300, 2**62]
TOKENS = [b"{", b"}", b"[", b"]", b": ", b"- ", b"\n", b"\t", b"'", b'"', b"#", b"&a ", b"*a", b"!!int ", b"---\n", b"|", b">"]
TOKENS += [b"\x00", b"\xff", b"\xcc\x81", b"9999-12-31", b"0001-01-01", b"-", b"%", b"@", b"\xef\xbb\xbf", b"null"]
TOKENS += [b"\\ud800", b"NaN", b"{{{{", b","]


@contextmanager
def soon(seed: int) -> Iterator[None]:
    def late(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"seed {seed} hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def bytes_mutated(raw: bytes, random: Random) -> bytes:
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(raw) + 1)
        end = min(len(raw), at + random.choice([0, 1, 2, 8, 80]))
        match random.randrange(4):
            case 0:
                raw = raw[:at] + raw[end:]
            case 1:
                raw = raw[:at] + random.choice(TOKENS) + raw[end:]
            case 2:
                raw = raw[:end] + raw[at:]
            case _:
                other = random.randrange(len(raw) + 1)
                raw = raw[:at] + raw[other : other + 40] + raw[end:]
    return raw


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, inside in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inside, (*at, key))


def reached(value: Any, at: tuple[Any, ...]) -> Any:
    for key in at:
        value = value[key]
    return value


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: copied(inside) for key, inside in value.items()}
    return [copied(inside) for inside in value] if isinstance(value, list) else value


def structure_mutated(value: Any, random: Random) -> Any:
    value = copied(value)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        every = list(places(value))
        at = random.choice(every)
        if not at:
            continue
        holder = reached(value, at[:-1])
        match random.randrange(5):
            case 0:
                del holder[at[-1]]
            case 1:
                holder[at[-1]] = copied(reached(value, random.choice(every)))
            case 2 if isinstance(holder, dict):
                holder[random.choice(["x", "in", "fact", "²", "", "param", "every", "profile"])] = holder.pop(at[-1])
            case 3 if isinstance(holder, list):
                holder.append(copied(random.choice(holder)))
            case _:
                holder[at[-1]] = copied(random.choice(ODD))
    return value


def as_yaml(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{as_yaml(str(key))}: {as_yaml(inside)}" for key, inside in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(as_yaml, value)) + "]"
        case date():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def as_json(value: Any) -> str:
    return json.dumps(value, default=str)


def mutated(texts: list[bytes], values: list[Any], dump: Callable[[Any], str], random: Random) -> tuple[int, bytes]:
    which = random.randrange(len(texts))
    if random.random() < 0.35:
        return which, bytes_mutated(texts[which], random)
    return which, dump(structure_mutated(values[which], random)).encode("utf-8", "surrogatepass")


@cache
def rule_files() -> tuple[list[Path], list[bytes], list[Any], list[Source]]:
    paths = [path for path in sorted(SMALL.rglob("*.yaml")) if not path.name.endswith(".cases.yaml")]
    texts = [path.read_bytes() for path in paths]
    values = [read_yaml(text.decode(), path)[0].value for text, path in zip(texts, paths, strict=True)]
    sources = [source for path in paths if (source := _read(path, RuleFile)[0]) is not None]
    assert len(sources) == len(paths)
    return paths, texts, values, sources


def test_a_rule_file_gives_problems_or_rules_and_nothing_else(tmp_path: Path) -> None:
    paths, texts, values, sources = rule_files()
    cases, _ = read_cases(SMALL)
    dossier = appointment(person={"discipline": [{"form": "reprimand", "decided_on": "2020-05-01"}]}, deputies_after=None)
    judged = 0
    for seed in range(COUNT):
        random = Random(seed)
        with soon(seed):
            which, raw = mutated(texts, values, as_yaml, random)
            path = tmp_path / paths[which].name
            path.write_bytes(raw)
            source, problems = _read(path, RuleFile)
            assert all(isinstance(problem, Problem) and problem.line > 0 for problem in problems), seed
            if source is None or problems:
                assert problems, seed
                continue
            layer = [*sources[:which], source, *sources[which + 1 :]]
            rulebook, problems = build_rulebook([PackFiles(SMALL, tuple(layer), "x")])
            if not problems:
                problems = Judge(rulebook).problems()
                list(examine_cases(rulebook, cases, SMALL))
            if all(problem.code == "RB311" for problem in problems):
                report = check(dossier, rulebook, today=TODAY, engine="plain" if judged % 20 else "durable")
                assert render_text(report)
                assert json.loads(report.to_json())
                judged += 1
    assert judged


@cache
def dossiers() -> list[Any]:
    found: list[Any] = []
    for source in read_cases(SMALL)[0]:
        found += [plain(base) for base in source.file.bases.values()]
    for one in found:
        for dossier in one.get("dossiers", [one]):
            dossier.setdefault("id", "d")
    kin = {"relation": "spouse", "unit": "Sở A", "area": "xã A, huyện B, tỉnh C", "start": 1999, "current": "có"}
    return [*found, appointment(person={"kin": [kin], "sex": "nữ", "birth_date": "03/1975", "home_town": "Thanh Hóa"})]


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(inside) for key, inside in value.items()}
    return [plain(inside) for inside in value] if isinstance(value, (list, tuple)) else value


def test_a_dossier_gives_a_report_or_a_reason_and_nothing_else(tmp_path: Path) -> None:
    values = dossiers()
    judged = 0
    for seed in range(COUNT):
        random = Random(seed)
        name, dump = random.choice([("d.json", as_json), ("d.yaml", as_yaml)])
        texts = [dump(value).encode() for value in values]
        with soon(seed):
            _, raw = mutated(texts, values, dump, random)
            path = tmp_path / name
            path.write_bytes(raw)
            try:
                found = list(read_dossiers(str(path)))
            except CadreRulesError as error:
                str(error).encode()  # can be printed
                continue
            for one in found:
                if isinstance(one, Rejected):
                    assert (one.where + one.reason).encode(), seed
            good = [one for one in found if not isinstance(one, Rejected)]
            report = check(good, small(), today=TODAY, engine="plain" if seed % 10 else "durable")
            assert render_text(report).encode()
            assert report.to_json().encode()
            judged += len(good)
    assert judged > COUNT // 10


def test_the_command_never_shows_a_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    values = dossiers()
    for seed in range(COUNT // 50):
        random = Random(seed)
        path = tmp_path / "d.yaml"
        path.write_bytes(mutated([as_yaml(value).encode() for value in values], values, as_yaml, random)[1])
        with soon(seed), pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.showwarning", lambda *_args, **_more: None)
            patch.setattr("warnings.simplefilter", lambda *_args, **_more: None)
            assert main(["check", str(path), "--rules", str(SMALL), "--engine", "plain"]) in (0, 1, 2, 3)
    assert "Traceback" not in capfd.readouterr().err


def test_a_kept_rulebook_that_was_touched_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADRE_RULES_CACHE", str(tmp_path / "kept"))
    whole = load_rulebook(SMALL)
    (kept,) = (tmp_path / "kept").glob("*.rulebook")
    written = kept.read_bytes()
    assert load_rulebook(SMALL).rules == whole.rules
    for seed in range(COUNT // 10):
        kept.write_bytes(bytes_mutated(written, Random(seed)))
        with soon(seed):
            found = keeping.find_kept([f"{SMALL.resolve()} {whole.packs[0].digest}"], Rulebook)
        assert found is None or found.rules is not None
