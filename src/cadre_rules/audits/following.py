"""What an audit brings to a register of findings."""

from datetime import date
from pathlib import Path
from sys import intern

import polars as pl

from cadre_rules.audits.running import Audit
from cadre_rules.errors import SourceError
from cadre_rules.findings import FollowUp, OnFile
from cadre_rules.register.following import Run, Standing, law_of
from cadre_rules.reports.follow_up import remark_text
from cadre_rules.reports.tables import write_table
from cadre_rules.wording import day_text, phrase
from cadre_rules.writing import digest_of

_TOLD = ("fingerprint", "kind", "rule", "subject", "level", "provisional")


def run_of_audit(found: Audit) -> Run:
    """Return what a finished audit brings to a register; raises `SourceError` if it was made before there were registers."""
    inputs = found.manifest["inputs"]
    if "judged.parquet" not in found.manifest["files"]:
        raise SourceError(str(found.out), "does not say which dossiers it judged, an earlier version made it; audit again")
    rows = found.findings.select(_TOLD).collect().iter_rows()
    return Run(
        made="audit",
        rulebook=law_of(inputs["rulebook"]),
        as_of=inputs["as_of"],
        today=date.fromisoformat(inputs["today"]),
        manifest=digest_of(found.out / "manifest.json"),
        standing=[Standing(name, intern(kind), intern(rule), *rest) for name, kind, rule, *rest in rows],
        judged=found.judged,
        exceptions=[OnFile(*row) for row in found.exceptions.iter_rows()],
    )


def write_follow_up(told: FollowUp, path: Path, lang: str) -> None:
    """Write what became of every finding, in words, to a `.csv` file; raises `SourceError` if it cannot be written."""
    headings = ("became", "level", "title", "about", "since_column", "remarks", "provisional_column", "rule", "fingerprint")
    rows = [
        (
            phrase(f"follow_{one.state}", lang),
            phrase(one.level, lang),
            one.title,
            one.subject,
            day_text(one.since, lang),
            "; ".join(remark_text(remark, lang) for remark in one.remarks),
            phrase("yes", lang) if one.provisional else "",
            one.rule,
            one.fingerprint,
        )
        for one in told.findings
    ]
    schema = {phrase(heading, lang): pl.String for heading in headings}
    write_table(pl.DataFrame(rows, schema=schema, orient="row"), str(path))
