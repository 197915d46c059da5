"""An audit: parts, going on after a stop, what it adds up to."""

import json
import random
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from apart import auditing, contents
from cadre_rules.audits import running
from cadre_rules.audits.comparing import STATES, compare
from cadre_rules.audits.kernel import BulkJudge
from cadre_rules.audits.running import Audit, audit, read_audit
from cadre_rules.checks import check
from cadre_rules.cli import main
from cadre_rules.cli.outputs import CLEAN, FOUND, UNREADABLE
from cadre_rules.dossier.frames import frame_of
from cadre_rules.errors import SourceError
from cadre_rules.sources import batches as sources
from cadre_rules.sources.batches import Batch, after, read_batches
from cadre_rules.sources.files import Rejected, read_dossiers
from cadre_rules.sources.nesting import CANONICAL
from small import SMALL, TODAY, appointment, layered, small, vn

FIXTURES = Path(__file__).parent.parent / "fixtures"
HEADS = ("Nguyễn Văn A", "=Trần Thị B", None)


def dossiers(count: int = 60) -> list[dict[str, Any]]:
    """Fictional appointments of many kinds: clean, in breach, silent; under a head or none; of five years."""
    draw = random.Random(7)
    return [
        appointment(
            id=f"hs-{number}",
            deputies_after=draw.choice([1, 9, None]),
            person={"kin": draw.choice([[], None]), "planning": draw.choice([[], [{"active": True}], None]), "discipline": []},
            post={"title": "Giám đốc", "unit": f"Sở {draw.choice('ABC')}", "vacant": draw.choice([True, False])},
            authority={"head": draw.choice(HEADS)},
            days={"process_started": "2020-02-01", "decided": f"{draw.choice(range(2020, 2025))}-06-01"},
        )
        for number in range(count)
    ]


def write(path: Path, lines: list[Any]) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), "utf-8")
    return path


def run(source: Path, out: Path, **options: Any) -> Audit:
    return audit(source, small(), out=out, **{"today": TODAY, "size": 20, **options})


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read each source and judge each batch once, however often an audit is run."""
    judge = BulkJudge.judge
    read = cache(lambda source, **options: [*read_batches(source, **options)])
    judged: dict[Any, Any] = {}

    def remembered(self: BulkJudge, kind: str, frame: pl.DataFrame, **options: Any) -> Any:
        key = (*frame["id"], *options.values())
        if key not in judged:
            judged[key] = judge(self, kind, frame, **options)
        return judged[key]

    monkeypatch.setattr(BulkJudge, "judge", remembered)
    monkeypatch.setattr(running, "read_batches", lambda source, skip, asked, **options: after(read(source, **options), skip))


@pytest.mark.parametrize("as_of", ["decision", "today", date(2021, 12, 1)])
def test_an_audit_finds_what_check_finds_in_all_of_it(tmp_path: Path, as_of: Any) -> None:
    given = dossiers()
    found = run(write(tmp_path / "s.jsonl", given), tmp_path / "out", as_of=as_of)
    report = check(given, small(), today=TODAY, as_of=as_of)
    columns = ["fingerprint", "rule", "rule_version", "subject", "level", "outcome", "provisional", "as_of"]
    said = {tuple(getattr(finding, column) for column in columns) for finding in report.findings}
    assert set(found.findings.select(columns).collect().iter_rows()) == said
    assert found.manifest["counts"]["findings"] == len(report.findings)
    assert found.summary["by_outcome"] == dict.fromkeys(found.summary["by_outcome"], 0) | report.by_outcome
    assert found.worst() == report.worst()
    assert found.worst(strict=True) == report.worst(strict=True)


def test_the_fixtures_of_every_kind_come_out_of_an_audit_as_out_of_check(tmp_path: Path) -> None:
    read = [dossier for path in sorted(FIXTURES.glob("*.yaml")) for dossier in read_dossiers(str(path))]
    models = {dossier.id: dossier for dossier in read if not isinstance(dossier, Rejected)}
    (tmp_path / "in").mkdir()
    for kind in {model.kind for model in models.values()}:
        frame = frame_of([model for model in models.values() if model.kind == kind], kind)
        frame.write_parquet(tmp_path / "in" / f"nested-{kind}.parquet", metadata=CANONICAL)
    rulebook = vn()
    found = audit(tmp_path / "in", rulebook, out=tmp_path / "out", today=TODAY)
    assert found.rejected.rows() == []
    said = {finding.fingerprint for finding in check(list(models.values()), rulebook, today=TODAY).findings}
    assert set(found.findings.select("fingerprint").collect()["fingerprint"]) == said
    assert found.findings.filter(pl.col("kind") == "head").collect().height > 0


def test_a_head_is_judged_by_dossiers_of_different_parts(tmp_path: Path) -> None:
    two = [appointment(id=name, deputies_after=9, authority={"head": "H"}) for name in ("a", "b")]
    between = [appointment(id=f"c{number}") for number in range(20)]
    found = run(write(tmp_path / "s.jsonl", [two[0], *between, two[1]]), tmp_path / "out")
    (line,) = found.findings.filter(pl.col("kind") == "head").collect().to_dicts()
    assert (line["subject"], line["rule"], line["evidence"]) == ("H", "head-breaches", [{"fact": "breaches", "value": "2"}])
    (said,) = (f for f in check(two, small(), today=TODAY).findings if f.subject == "H")
    assert line["fingerprint"] == said.fingerprint


def test_the_summary_counts_by_rule_unit_head_year_and_level(tmp_path: Path) -> None:
    found = run(write(tmp_path / "s.jsonl", dossiers()), tmp_path / "out")
    findings = found.findings.collect()
    for key in ("rule", "unit", "head", "year", "level"):
        table = pl.read_csv(tmp_path / "out" / "summary" / f"by-{key}.csv")
        assert table["findings"].sum() == findings.height, key
        firm = findings.filter(~pl.col("provisional") & (pl.col("level") == "violation")).height
        assert table["violation"].sum() == firm, key


def test_the_pairs_of_rules_found_together_are_those_of_the_subjects(tmp_path: Path) -> None:
    found = run(write(tmp_path / "s.jsonl", dossiers()), tmp_path / "out")
    by_subject: dict[str, set[str]] = {}
    for subject, rule, level in found.findings.select("subject", "rule", "level").collect().iter_rows():
        if level != "information_missing":
            by_subject.setdefault(subject, set()).add(rule)
    table = pl.read_csv(tmp_path / "out" / "summary" / "together.csv")
    assert table.height > 0
    for rule, other, count in table.iter_rows():
        assert rule < other
        assert count == sum({rule, other} <= rules for rules in by_subject.values())


def test_no_cell_of_a_table_starts_a_formula(tmp_path: Path) -> None:
    run(write(tmp_path / "s.jsonl", dossiers()), tmp_path / "out")
    heads = (tmp_path / "out" / "summary" / "by-head.csv").read_text("utf-8-sig")
    assert "'=Trần Thị B" in heads
    assert "\n=" not in heads


def test_a_finished_audit_says_the_same_twice_and_judges_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "s.jsonl", dossiers())
    run(source, tmp_path / "one")
    run(source, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    monkeypatch.setattr(BulkJudge, "judge", None)
    again = run(source, tmp_path / "one", today=None)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert again.manifest == read_audit(tmp_path / "two").manifest


def test_the_manifest_names_every_file_by_digest(tmp_path: Path) -> None:
    found = run(write(tmp_path / "s.jsonl", dossiers()), tmp_path / "out")
    files = contents(tmp_path / "out")
    assert set(found.manifest["files"]) == set(files) - {"manifest.json"}
    assert str(tmp_path / "out") not in (tmp_path / "out" / "manifest.json").read_text("utf-8")


@pytest.mark.once
def test_killed_at_ten_random_moments_it_goes_on_and_comes_out_the_same(tmp_path: Path) -> None:
    source = write(tmp_path / "s.jsonl", dossiers())
    with auditing(source, tmp_path / "whole") as (undisturbed, _):
        began = time.perf_counter()
        undisturbed.join()
        took = time.perf_counter() - began
    assert undisturbed.exitcode == 0
    draw = random.Random()
    for _ in range(10):
        with auditing(source, tmp_path / "out") as (process, _):
            time.sleep(draw.uniform(0, took / 3))
            process.kill()
    run(source, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@contextmanager
def breaking(at: int) -> Iterator[None]:
    """Let sources break off once so many dossiers were read."""

    def broken(source: str, *, skip: int = 0, **options: Any) -> Generator[Batch, None, None]:
        for batch in read_batches(source, skip=skip, **options):
            if skip >= at:
                raise SourceError(f"{source}:{at + 1}", "the source breaks off")
            yield batch
            skip += batch.frame.height

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "read_batches", broken)
        yield


class Stopped(BaseException):
    """What a process that is killed never sees."""


@pytest.mark.once
@pytest.mark.parametrize("late", [False, True], ids=["before a file is whole", "after it is"])
@pytest.mark.usefixtures("remembering")
def test_stopped_around_any_write_it_goes_on_and_comes_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    source = write(tmp_path / "s.jsonl", dossiers(25))
    run(source, tmp_path / "whole")
    replace, writes = Path.replace, len(contents(tmp_path / "whole")) + 2 * 4 + 1
    for stop in range(writes):
        left = iter(range(stop))

        def stopping(self: Path, target: Path, left: Iterator[int] = left) -> Path:
            last = next(left, None) is None
            if last and not late:
                raise Stopped
            placed = replace(self, target)
            if last:
                raise Stopped
            return placed

        out = tmp_path / f"out-{stop}"
        monkeypatch.setattr(Path, "replace", stopping)
        with pytest.raises(Stopped):
            run(source, out)
        monkeypatch.setattr(Path, "replace", replace)
        run(source, out)
        assert contents(out) == contents(tmp_path / "whole"), stop


def test_a_part_that_was_tampered_with_is_judged_again(tmp_path: Path) -> None:
    source = write(tmp_path / "s.jsonl", dossiers())
    with breaking(40), pytest.raises(SourceError):
        run(source, tmp_path / "out")
    (tmp_path / "out/findings/part-00001.parquet").write_bytes(b"")
    with breaking(40), pytest.raises(SourceError, match="40 dossiers were judged before"):
        run(source, tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out/findings/part-00001.parquet").height > 0


def test_a_source_that_breaks_off_keeps_what_was_judged_and_says_so(tmp_path: Path) -> None:
    source = write(tmp_path / "s.jsonl", dossiers())
    told = r"s\.jsonl:41: the source breaks off; 40 dossiers were judged before.*goes on from there"
    with breaking(40), pytest.raises(SourceError, match=told):
        run(source, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out/findings").iterdir()) == ["part-00001.parquet", "part-00002.parquet"]
    with pytest.raises(SourceError, match="holds no finished audit"):
        read_audit(tmp_path / "out")


def test_a_full_disk_is_told_and_what_was_judged_is_kept(tmp_path: Path) -> None:
    source = write(tmp_path / "s.jsonl", dossiers())
    run(source, tmp_path / "whole")
    sizes = [len(body) for name, body in contents(tmp_path / "whole").items() if name.startswith("findings/part-0")]
    room = max(sizes) - 1
    with auditing(source, tmp_path / "out", room) as (_, says):
        assert "cannot be written: File too large; what is done is kept" in says.recv()
    run(source, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_bad_row_is_told_with_its_place_and_hides_no_other(tmp_path: Path) -> None:
    lines: list[Any] = dossiers()
    lines[3] |= {"deputies_after": "nhiều"}
    lines[58] = "{"
    source = write(tmp_path / "s.jsonl", lines)
    found = run(source, tmp_path / "out")
    assert found.rejected["where"].to_list() == [f"{source}:4: hs-3: deputies_after", f"{source}:59"]
    assert found.manifest["counts"] | {"findings": 0} == {"dossiers": 58, "rejected": 2, "findings": 0, "parts": 3}
    assert (tmp_path / "out/rejected.csv").read_text("utf-8-sig").splitlines()[1] == ",".join(found.rejected.row(0))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"today": date(2026, 1, 1)}, r"another today \(2026-11-23; now 2026-01-01\)"),
        ({"as_of": "today"}, r"another as_of \(decision; now today\)"),
        ({"size": 5}, "another size"),
        ({"rulebook": layered()}, "another rulebook"),
        ({"source": "changed"}, "another source_digest"),
    ],
    ids=lambda told: str(told) if isinstance(told, str) else "",
)
@pytest.mark.parametrize("finished", [pytest.param(True, marks=pytest.mark.once), False])
def test_an_audit_does_not_go_on_with_anything_else(
    tmp_path: Path, options: dict[str, Any], told: str, *, finished: bool
) -> None:
    source = write(tmp_path / "s.jsonl", dossiers())
    options = dict(options)
    rulebook = options.pop("rulebook", small())
    with breaking(99 if finished else 40), nullcontext() if finished else pytest.raises(SourceError):
        run(source, tmp_path / "out")
    if options.pop("source", None):
        write(source, dossiers(19))
    before = contents(tmp_path / "out")
    with pytest.raises(SourceError, match=told):
        audit(source, rulebook, out=tmp_path / "out", **{"today": TODAY, "size": 20, **options})
    assert contents(tmp_path / "out") == before


def test_a_database_is_read_again_to_see_that_its_rows_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = write(tmp_path / "s.jsonl", dossiers())
    database: Any = "postgresql://thanh-tra:mật-khẩu@127.0.0.1/ho-so"
    monkeypatch.setattr(sys.modules[__name__], "read_batches", lambda _, **options: sources.read_batches(rows, **options))
    with breaking(99):
        run(database, tmp_path / "whole")
    with breaking(40), pytest.raises(SourceError, match="40 dossiers"):
        run(database, tmp_path / "out")
    write(rows, [dossiers()[0] | {"deputies_after": 7}, *dossiers()[1:]])
    with breaking(99), pytest.raises(SourceError, match="its rows have changed since part 1 was judged"):
        run(database, tmp_path / "out")
    write(rows, dossiers())
    with breaking(99):
        run(database, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert "mật-khẩu" not in (tmp_path / "out/manifest.json").read_text("utf-8")


def test_results_may_lie_in_the_folder_that_is_read(tmp_path: Path) -> None:
    write(tmp_path / "s.jsonl", dossiers(5))
    run(tmp_path, tmp_path / "out")
    assert run(tmp_path, tmp_path / "out").manifest["counts"]["dossiers"] == 5


def test_the_day_an_audit_began_stays_its_today(tmp_path: Path) -> None:
    source = write(tmp_path / "s.jsonl", dossiers())
    with breaking(40), pytest.raises(SourceError):
        run(source, tmp_path / "out", today=date(2020, 1, 1))
    assert run(source, tmp_path / "out", today=None).manifest["inputs"]["today"] == "2020-01-01"


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    source = write(tmp_path / "s.jsonl", dossiers(3))
    with pytest.raises(SourceError, match=r"is not an audit's folder: it holds s\.jsonl"):
        run(source, tmp_path)


def test_two_audits_do_not_write_to_one_folder_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "s.jsonl", dossiers(3))

    def nested(*_: Any, **__: Any) -> Any:
        run(source, tmp_path / "out")

    monkeypatch.setattr(BulkJudge, "judge", nested)
    with pytest.raises(SourceError, match="another audit is writing here"):
        run(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("lines", "told"), [([], "holds no dossier"), (None, "cannot be read: No such file")], ids=["empty", "missing"]
)
def test_a_source_without_dossiers_is_told(tmp_path: Path, lines: Any, told: str) -> None:
    source = tmp_path / "s.jsonl"
    if lines is not None:
        write(source, lines)
    with pytest.raises(SourceError, match=told):
        run(source, tmp_path / "out")


def changed(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same dossiers a year later: the first mended, the second worse, the last dropped, one more."""
    return [appointment(id="hs-0"), given[1] | {"deputies_after": 99}, *given[2:-1], appointment(id="hs-more", deputies_after=9)]


def test_a_comparison_tells_what_is_new_gone_and_still_there(tmp_path: Path) -> None:
    given = dossiers()
    old = run(write(tmp_path / "old.jsonl", given), tmp_path / "old").findings.collect()["fingerprint"]
    new = run(write(tmp_path / "new.jsonl", changed(given)), tmp_path / "new").findings.collect()["fingerprint"]
    found = compare(tmp_path / "old", tmp_path / "new")
    findings = found.findings.collect()
    states = {state: set(findings.filter(pl.col("state") == state)["fingerprint"]) for state in STATES}
    assert states == {"new": {*new} - {*old}, "gone": {*old} - {*new}, "still": {*old} & {*new}}
    assert min(map(len, states.values())) > 0
    assert found.to_dict()["findings"] == {state: len(marks) for state, marks in states.items()}
    assert found.differences == ()
    assert found.worst_new() == "exception_needed"


def test_an_audit_compared_with_itself_has_nothing_new(tmp_path: Path) -> None:
    run(write(tmp_path / "s.jsonl", dossiers()), tmp_path / "out")
    found = compare(tmp_path / "out", tmp_path / "out")
    assert found.findings.collect()["state"].unique().to_list() == ["still"]
    assert found.worst_new(strict=True) is None


def test_a_comparison_across_rulebooks_or_days_says_so(tmp_path: Path) -> None:
    source = write(tmp_path / "s.jsonl", dossiers())
    run(source, tmp_path / "old")
    audit(source, layered(), out=tmp_path / "new", today=date(2026, 1, 1), as_of="today", size=20)
    told = compare(tmp_path / "old", tmp_path / "new").differences
    assert [text.split(" ")[0] for text in told] == ["rulebook", "as_of", "today"]
    assert told[1] == "as_of (decision; now today)"


def test_what_holds_no_audit_is_not_compared(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no finished audit"):
        compare(tmp_path, tmp_path)


def cli(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    status = main([*map(str, arguments)])
    return status, *capsys.readouterr()


def test_the_command_audits_and_tells_the_worst_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = write(tmp_path / "s.jsonl", dossiers()), tmp_path / "out"
    options = ("--out", out, "--today", TODAY, "--rules", SMALL, "--tables", "csv", "--tables", "xlsx")
    status, told, errors = cli(capsys, "audit", source, *options)
    assert (status, errors) == (FOUND, "")
    assert told.startswith("Đã rà soát 60 hồ sơ: ")
    rules = [line.split(" – ")[0].strip() for line in told.partition("QUY TẮC CÓ")[2].splitlines()[1:] if " – " in line]
    assert rules[0] == "deputies-limit"
    assert {path.name for path in out.glob("findings.*")} == {"findings.csv", "findings.xlsx"}
    assert pl.read_csv(out / "findings.csv").height == read_audit(out).manifest["counts"]["findings"]
    assert cli(capsys, "audit", source, *options[:-4], "--fail-on", "violation")[0] == CLEAN
    status, told, _ = cli(capsys, "audit", source, *options[:-4], "--format", "json", "--lang", "en")
    assert json.loads(told) == json.loads((out / "summary.json").read_text("utf-8"))


def test_the_command_ends_as_unreadable_where_rows_were_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "s.jsonl", [*dossiers(5), "{"])
    status, told, _ = cli(capsys, "audit", source, "--out", tmp_path / "out", "--rules", SMALL, "--lang", "en")
    assert status == UNREADABLE
    assert f"COULD NOT BE READ (1)\n  {source}:6: not JSON" in told


@pytest.mark.parametrize("out", ["out", "s.jsonl"])
def test_the_command_tells_a_mistake_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str) -> None:
    source = write(tmp_path / "s.jsonl", [])
    status, told, errors = cli(capsys, "audit", source, "--out", tmp_path / out, "--rules", SMALL)
    assert (status, told, errors.count("\n")) == (UNREADABLE, "", 1)
    assert errors.startswith("cadre-rules: ")


def test_the_command_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = dossiers()
    run(write(tmp_path / "old.jsonl", given), tmp_path / "old")
    run(write(tmp_path / "new.jsonl", changed(given)), tmp_path / "new", as_of=date(2023, 12, 1))
    table = tmp_path / "c.csv"
    status, told, _ = cli(capsys, "compare", tmp_path / "old", tmp_path / "new", "--lang", "en", "--out", table)
    assert status == FOUND
    assert told.splitlines()[1] == "  as_of (decision; now 2023-12-01)"
    assert pl.read_csv(table)["state"].value_counts().height == len(STATES)
    status, told, _ = cli(capsys, "compare", tmp_path / "old", tmp_path / "old", "--format", "json")
    assert (status, json.loads(told)["differences"]) == (CLEAN, [])


@pytest.mark.parametrize("command", [["audit", "s.jsonl", "--out", "out"], ["compare", "old", "new"]])
def test_what_must_be_installed_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: Any
) -> None:
    for name in [name for name in sys.modules if name.startswith(("cadre_rules.audits", "cadre_rules.reports.tables"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "polars", None)
    assert cli(capsys, *command) == (UNREADABLE, "", "cadre-rules: polars: is not installed; pip install 'cadre-rules[audit]'\n")
