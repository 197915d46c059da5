"""The worked examples of a pack, judged together as tables."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from cadre_rules.audits.kernel import BulkJudge
from cadre_rules.cases import CASE_DAY, Trial, trials, tried
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.reading import CaseSource


def run_cases_in_bulk(rulebook: Rulebook, sources: Iterable[CaseSource]) -> Iterator[Trial]:
    """Judge the cases `run_cases` judges, one table for each kind; what an open one waits for is left to that."""
    asked = list(trials(rulebook, sources))
    found = _verdicts(rulebook, [trial.dossiers for trial in asked])
    for number, trial in enumerate(asked):
        came_out = found[number, trial.case.rule]
        yield tried(trial, [(outcome, level) for subject, outcome, level in came_out if trial.about(subject)])


def _verdicts(
    rulebook: Rulebook, groups: Sequence[Sequence[Dossier]]
) -> dict[tuple[int, str], list[tuple[str, str, str | None]]]:
    """Return, by group of dossiers and rule, how each subject came out at what level; heads answer within a group."""
    judge = BulkJudge(rulebook, keep_verdicts=True)
    tables: dict[str, list[Dossier]] = defaultdict(list)
    for number, group in enumerate(groups):
        for place, dossier in enumerate(group):
            tables[dossier.kind].append(dossier.model_copy(update={"id": f"{number}:{place}"}))
    judged = [judge.judge(kind, frame_of(dossiers, kind), today=CASE_DAY) for kind, dossiers in tables.items()]
    if judged:
        heads = pl.concat([one.heads for one in judged], how="diagonal")
        within = pl.concat_str(pl.col("dossier").str.extract(r"^(\d+)"), "head", separator=":").alias("head")
        judged.append(judge.judge_heads(heads.with_columns(within), today=CASE_DAY))
    found: dict[tuple[int, str], list[tuple[str, str, str | None]]] = defaultdict(list)
    for one in judged:
        levels = one.findings.select("subject", "rule", "level")
        for subject, rule, outcome, level in one.verdicts.join(levels, on=["subject", "rule"], how="left").iter_rows():
            group, _, name = subject.partition(":")
            found[int(group), rule].append((name, outcome, "information_missing" if outcome == "undetermined" else level))
    return found
