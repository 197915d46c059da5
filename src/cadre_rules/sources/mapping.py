"""A mapping file: how somebody else's tables, columns and codes are called here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cadre_rules.dossier.values import understood
from cadre_rules.errors import SourceError
from cadre_rules.names import did_you_mean, fold
from cadre_rules.rulebook.yaml import Document, read_yaml
from cadre_rules.sources.headings import fields_of_row, meaning_of, why_unread
from cadre_rules.sources.levels import all_levels, levels_called, title

_Word = Annotated[str, BeforeValidator(lambda raw: str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw)]


class MappedTable(BaseModel):
    """What a foreign table is: which of ours, what its columns and codes mean, what all its rows share, what is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str | None = Field(default=None, description="our table its rows are of")
    columns: dict[str, str] = Field(default={}, description="its column: our field, or the id it holds such as person_id")
    codes: dict[str, dict[_Word, str]] = Field(default={}, description="our field: its code: our code or its name")
    set: dict[str, _Word] = Field(default={}, description="our field: the value all its rows have")
    ignore: list[str] = Field(default=[], description="its columns that are not read")
    ignored: bool = Field(default=False, description="the table is not read")

    def codes_of(self, path: str) -> dict[str, str]:
        """Return what codes of a field mean, by their folded spelling."""
        return {fold(code): meant for code, meant in self.codes.get(path, {}).items()}


class Mapping(BaseModel):
    """How the tables of a source are called, and of which lists no row means none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: dict[str, MappedTable] = Field(default={}, description="their table: what it is")
    complete: list[str] = Field(default=[], description="our lists of which no row means none, not unknown")


NOTHING = Mapping()


def mapping_schema() -> dict[str, Any]:
    """Return the JSON Schema of a mapping file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Mapping.model_json_schema()}


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping file; raises `SourceError` with the line of every mistake in it, and what was probably meant."""
    try:
        text = Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(str(path), f"cannot be read: {error}") from error
    document, problems = read_yaml(text, Path(path))
    mistakes = [(problem.line, problem.message) for problem in problems]
    if not problems:
        try:
            mapping = Mapping.model_validate(document.value or {})
        except ValidationError as error:
            mistakes = [_mistake(detail, document) for detail in error.errors(include_url=False)]
        else:
            mistakes = list(_mistakes(mapping, document))
            if not mistakes:
                return mapping
    told = "; ".join(f"{message}" if n == 0 else f"line {line}: {message}" for n, (line, message) in enumerate(sorted(mistakes)))
    raise SourceError(f"{path}:{min(mistakes)[0]}", told)


def _mistake(detail: Any, document: Document) -> tuple[int, str]:
    place = ".".join(map(str, detail["loc"]))
    if detail["type"] != "extra_forbidden":
        return document.line(tuple(detail["loc"])), f"{place}: {detail['msg']}"
    words = (MappedTable if len(detail["loc"]) > 1 else Mapping).model_fields
    return document.line(tuple(detail["loc"])), f"{place}: no such word{did_you_mean(str(detail['loc'][-1]), words)}"


def _mistakes(mapping: Mapping, document: Document) -> Iterator[tuple[int, str]]:
    """Tell what names no table, field or code of ours."""
    levels = {level.name: level for level in all_levels()}
    for name in mapping.complete:
        if name not in levels or not levels[name].path:
            yield document.line(("complete", mapping.complete.index(name))), f"{name!r} is no list{did_you_mean(name, levels)}"
    for table, mapped in mapping.tables.items():
        at = ("tables", table)
        if mapped.table is not None and mapped.table not in levels:
            yield document.line((*at, "table")), f"no such table {mapped.table!r}{did_you_mean(mapped.table, levels)}"
            continue
        known = levels_called(mapped.table if mapped.table is not None else title(table))
        if not known and not mapped.ignored:
            yield document.line(at), f"{table!r}: say which of our tables it is: `table: …`, one of {', '.join(levels)}"
        if not known:
            continue
        for column, ours in mapped.columns.items():
            refs = {name for level in known for names, _ in level.links for name in names}
            if fold(ours) not in refs and all(meaning_of(ours, level.model) is None for level in known):
                yield document.line((*at, "columns", column)), f"{ours!r}: {why_unread(ours, known[0].model)}"
        for word, fields in (("codes", mapped.codes), ("set", mapped.set)):
            for path, values in fields.items():
                infos = [info for level in known if (info := fields_of_row(level.model).get(tuple(path.split("."))))]
                if not infos:
                    names = [".".join(own) for own in fields_of_row(known[0].model)]
                    yield document.line((*at, word, path)), f"no such field {path!r}{did_you_mean(path, names)}"
                meant = list(values.items()) if isinstance(values, dict) else [("", values)]
                for code, value in meant if infos else ():
                    if infos[0].codes is not None and (reason := understood(infos[0].codes.parse, value)[1]) is not None:
                        yield document.line((*at, word, path, code)), reason
