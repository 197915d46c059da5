"""Findings of an audit told in tables for people: CSV that Excel opens in Vietnamese, and workbooks."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from cadre_rules.dossier.fields import field_name
from cadre_rules.formula import Kind, Scalar
from cadre_rules.reporting import Writer, version_of, writer_of
from cadre_rules.reports.text import cite
from cadre_rules.rulebook.checking import PLACEHOLDER
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.schema import Rule
from cadre_rules.wording import LEVELS, phrase, value_text
from cadre_rules.writing import whole

SHEET_ROWS = 1_048_576
"""Rows a sheet of a workbook holds, its heading among them."""

CELL = 32_767
"""Characters a cell of a workbook holds."""

CHUNK = 50_000
"""Findings put into words at a time."""

COLUMNS = (
    *("level", "title", "message", "about", "where", "unit", "answers", "as_of", "evidence", "article", "do"),
    *("provisional_column", "note", "rule", "rule_version", "fingerprint"),
)
_KEY = ["rule", "rule_version"]
_WAY, _WAYS = "\x1f", "\x1e"


def write_findings(findings: Iterable[pl.DataFrame], rulebook: Rulebook, path: Path, lang: str) -> Path:
    """Write findings in words to a `.csv` or `.xlsx` file and return it; raises `SourceError` if it cannot be written."""
    chunks = (tell(part, rulebook, lang) for frame in findings for part in frame.iter_slices(CHUNK))
    headings = [phrase(column, lang) for column in COLUMNS]
    with whole(path) as partial:
        (_write_workbook if path.suffix == ".xlsx" else _write_csv)(chunks, headings, partial, lang)
    return path


def gravest(findings: pl.LazyFrame, rulebook: Rulebook, lang: str, most: int) -> list[dict[str, str]]:
    """Return the gravest findings in words, by COLUMNS, at most `most`: no provisional ones, nor what is only not known."""
    told: list[dict[str, str]] = []
    for level in LEVELS:
        wanted = findings.filter(pl.col("level") == level, ~pl.col("provisional")).head(most - len(told))
        told += tell(wanted.collect(), rulebook, lang).to_dicts() if level != "information_missing" else []
    return told


def write_table(table: pl.DataFrame, path: str) -> None:
    """Write a table as it is to a `.csv` or `.parquet` file; raises `SourceError` if it cannot be written."""
    with whole(path) as partial:
        if path.endswith(".parquet"):
            table.write_parquet(partial)
        else:
            partial.write_text(guarded(table).write_csv(include_bom=True), "utf-8")


def tell(findings: pl.DataFrame, rulebook: Rulebook, lang: str, between: str = "; ") -> pl.DataFrame:
    """Return findings as a report words them, in COLUMNS, one row each, in their order; `between` parts what a cell lists.

    What an undetermined rule waits for is told by the names of facts; which fields of the dossier state them, `check` tells.
    """
    numbered = findings.with_row_index("n")
    facts = _fact_texts(numbered, rulebook, lang)
    said = (
        facts.filter("shown")
        .group_by("n", maintain_order=True)
        .agg(evidence=pl.concat_str(["label", "text"], separator=": ").str.join(between))
    )
    rules = {(rule.id, version_of(rule)): rule for rule in rulebook.rules}
    by_rule = facts.partition_by(_KEY, as_dict=True)
    told = [
        _tell_rule(of_rule, by_rule.get(key, facts.clear()), rules[key[0], key[1]], rulebook, lang, between)
        for key, of_rule in numbered.drop("evidence").join(said, on="n", how="left").partition_by(_KEY, as_dict=True).items()
    ]
    return pl.concat(told).sort("n").select(COLUMNS) if told else pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))


def guarded(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table no cell of which a spreadsheet takes for a formula."""
    text = pl.col(pl.String)
    return table.with_columns(pl.when(text.str.contains(r"^[=+\-@\t\r]")).then(pl.lit("'") + text).otherwise(text).name.keep())


def _tell_rule(
    findings: pl.DataFrame, facts: pl.DataFrame, rule: Rule, rulebook: Rulebook, lang: str, between: str
) -> pl.DataFrame:
    """Put the findings of one version of a rule into words."""
    writer = writer_of(rulebook, lang)
    texts = {"title": rule.title, "message": rule.message, "do": rule.remedy, "said": rule.responsible}
    templates = {name: words.of(lang) if words is not None else "" for name, words in texts.items()}
    named = dict.fromkeys(name for template in templates.values() for name in PLACEHOLDER.findall(template))
    for name in named:
        values = facts.filter(pl.col("fact") == name).select("n", pl.col("in_sentence").alias(f"{{{name}}}"))
        findings = findings.join(values, on="n", how="left")
    undetermined = pl.col("outcome") == "undetermined"
    judged, answers = pl.col("level") == "judgement_needed", pl.coalesce("head", "office")
    namely = pl.format(f"{{}}; {phrase('namely', lang)}: {{}}", "said", "named") if templates["said"] else pl.col("named")
    notes, questions = between.join(writer.standing_notes(rule)), between.join(question.of(lang) for question in rule.questions)
    asking = f"{phrase('questions', lang)}: {questions}" if questions else ""
    return (
        findings.with_columns(
            *(_filled(template).alias(name) for name, template in templates.items()),
            named=answers,
            note=pl.when(judged).then(pl.lit(between.join(filter(None, (asking, notes))))).otherwise(pl.lit(notes)),
            article=_articles(writer, rule, rulebook, judged, findings["as_of"], lang, between),
        )
        .with_columns(
            level=pl.col("level").replace_strict({level: phrase(level, lang) for level in findings["level"].unique()}),
            message=pl.when(undetermined).then(pl.lit(phrase("missing_title", lang))).otherwise("message"),
            do=pl.when(undetermined).then(_asked(findings, rulebook, lang)).otherwise("do"),
            about="subject",
            where=pl.coalesce(pl.format("{}:{}", "place", "row"), "place"),
            answers=pl.coalesce(namely, "said"),
            as_of=pl.col("as_of").dt.to_string("%d/%m/%Y" if lang == "vi" else "iso"),
            provisional_column=pl.when("provisional").then(pl.lit(value_text(True, None, lang))).otherwise(pl.lit("")),
        )
        .select("n", pl.col(COLUMNS).cast(pl.String).fill_null(""))
    )


def _filled(template: str) -> pl.Expr:
    """Return a text with the facts it names put in; one that the finding does not hold stays a gap."""
    pieces = PLACEHOLDER.split(template)
    return pl.concat_str(pl.col(f"{{{piece}}}").fill_null("…") if at % 2 else pl.lit(piece) for at, piece in enumerate(pieces))


def _articles(
    writer: Writer, rule: Rule, rulebook: Rulebook, judged: pl.Expr, days: pl.Series, lang: str, between: str
) -> pl.Expr:
    """Return the articles a finding rests on; where two texts differ, those of both."""
    own = pl.lit(_cited(writer, rule, None, lang, between))
    if rule.rival is None or rule.force == "judgement":
        return own
    rivals = rulebook.rules_named(rule.rival)
    both = {
        day: _cited(writer, rule, next((rival for rival in rivals if rival.in_force.covers(day)), None), lang, between)
        for day in days.unique().to_list()
    }
    return pl.when(judged).then(pl.col("as_of").replace_strict(both, return_dtype=pl.String)).otherwise(own)


def _cited(writer: Writer, rule: Rule, rival: Rule | None, lang: str, between: str) -> str:
    names = (*rule.provisions, *(rival.provisions if rival is not None else ()))
    return between.join(dict.fromkeys(cite(writer.cited(name), lang) for name in names))


def _asked(findings: pl.DataFrame, rulebook: Rulebook, lang: str) -> pl.Expr:
    """Return what to state so that an undetermined rule can be settled."""
    ways = findings.filter(pl.col("outcome") == "undetermined").select("kind", "waits_for").unique()
    said = {}
    for kind, waits in ways.iter_rows():
        ways_out = [", ".join(label(rulebook, kind, name, lang) for name in facts) for facts in waits]
        asked = f" {phrase('or', lang)} ".join(ways_out)
        said[_WAYS.join(_WAY.join(facts) for facts in waits)] = phrase("state", lang, fields=asked)
    key = pl.col("waits_for").list.eval(pl.element().list.join(_WAY)).list.join(_WAYS)
    return key.replace_strict(said, default="", return_dtype=pl.String)


def label(rulebook: Rulebook, kind: str, name: str, lang: str) -> str:
    """Return what people call a fact, or the field a rule's day stands in."""
    versions = rulebook.definitions.get((kind, name))
    if versions:
        return versions[-1].label.of(lang)
    return field_name(kind, name, lang)


def _fact_texts(findings: pl.DataFrame, rulebook: Rulebook, lang: str) -> pl.DataFrame:
    """Return each fact of each finding with its label and its value in words; each different value is worded once."""
    every = (
        findings.select("n", "kind", *_KEY, "as_of", shown=pl.lit(shown), said=pl.col(column)).explode("said").drop_nulls("said")
        for column, shown in (("evidence", True), ("also", False))
    )
    facts = pl.concat(every).unnest("said")
    changing = [f"{kind} {fact}" for (kind, fact), versions in rulebook.definitions.items() if len(versions) > 1]
    changes = pl.concat_str("kind", pl.lit(" "), "fact").is_in(changing)
    facts = facts.with_columns(day=pl.when(changes).then("as_of"))
    key = ["kind", "fact", "day", "value"]
    different = facts.select(key).unique()
    worded = [_worded(rulebook, lang, *values) for values in different.iter_rows()]
    texts = pl.DataFrame(worded, schema=dict.fromkeys(("label", "text", "in_sentence"), pl.String), orient="row")
    told = pl.concat([different, texts], how="horizontal")
    return facts.join(told, on=key, how="left", nulls_equal=True, maintain_order="left")


_READ: Mapping[Kind, Callable[[str], Scalar]] = {
    "bool": lambda text: text == "true",
    "int": int,
    "str": str,
    "date": date.fromisoformat,
}
"""How the value of a fact is read from the text an audit keeps it as."""


def _worded(rulebook: Rulebook, lang: str, kind: str, fact: str, day: date | None, value: str | None) -> tuple[str, str, str]:
    versions = rulebook.definitions[kind, fact]
    fitting = next((version for version in versions if day is not None and version.in_force.covers(day)), versions[0])
    read = _READ[fitting.kind](value) if value is not None else None
    sayer = writer_of(rulebook, lang)
    text, inside = (sayer.fact_text(kind, fitting, read, in_sentence=i) for i in (False, True))
    return fitting.label.of(lang), text, inside


def _write_csv(chunks: Iterable[pl.DataFrame], headings: list[str], path: Path, _lang: str) -> None:
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf" + pl.DataFrame(schema=dict.fromkeys(headings, pl.String)).write_csv().encode())
        for chunk in chunks:
            file.write(guarded(chunk).write_csv(include_header=False).encode())


def _write_workbook(chunks: Iterable[pl.DataFrame], headings: list[str], path: Path, lang: str) -> None:
    import xlsxwriter  # noqa: PLC0415  # an audit, which writes tables too, need not wait for it
    from xlsxwriter.exceptions import XlsxWriterException  # noqa: PLC0415

    options = {"constant_memory": True, "tmpdir": str(path.parent)}
    try:
        with xlsxwriter.Workbook(str(path), options) as book:
            book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001  # the same findings give the same bytes
            sheet, row = _sheet(book, headings, lang), 1
            for values in (values for chunk in chunks for values in chunk.iter_rows()):
                if row == SHEET_ROWS:
                    sheet, row = _sheet(book, headings, lang), 1
                for column, value in enumerate(values):
                    sheet.write_string(row, column, value if len(value) <= CELL else f"{value[: CELL - 1]}…")
                row += 1
    except XlsxWriterException as error:
        raise OSError(str(error)) from error


def _sheet(book: Any, headings: list[str], lang: str) -> Any:
    sheet = book.add_worksheet(f"{phrase('findings', lang)} {len(book.worksheets()) + 1}")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(headings) - 1, 24)
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, book.add_format({"bold": True}))
    return sheet
