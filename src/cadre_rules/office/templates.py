"""Workbooks to fill in: a sheet for each table there can be, under the headings that are read back (extra `[excel]`).

Tables, headings and lists are those by which `sources` reads a workbook; what a column is needed for is asked of the rulebook.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any, Literal, TypeAlias, get_args, get_origin

import xlsxwriter
from pydantic import BaseModel
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.fields import FieldInfo, members_of
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.people import reached
from cadre_rules.dossier.values import PartialDate
from cadre_rules.errors import SourceError
from cadre_rules.office.legend import names_by_field, rules_by_field
from cadre_rules.rulebook.checking import PLACEHOLDER
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.schema import Force
from cadre_rules.sources.headings import Path, fields_of_row, heading_of
from cadre_rules.sources.levels import Level, all_levels, levels_of, tree
from cadre_rules.wording import day_text, phrase, value_text

CELL = 32_767
"""Characters a cell of a workbook holds."""

ROOM = 1_000
"""Rows below those filled in whose cells choose from lists and have their dates checked."""

TOLD = 3
"""Rules told by their titles in the comment of a column; more are counted."""

Held: TypeAlias = Literal["bool", "int", "percent", "date", "loose", "list", "codes", "str"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: what heads it and the field it holds; without one it says whose a row is, or that there is none."""

    heading: str
    held: Held = "str"
    path: Path = ()
    info: FieldInfo | None = None
    group: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    owner: Level | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: the tables whose rows it holds, which differ only in whose they are, and its columns."""

    name: str
    levels: tuple[Level, ...]
    columns: tuple[Column, ...]

    @property
    def top(self) -> int:
        """Return the rows above the filled in: the heading, and above it the parts of a row, if it has parts."""
        return 2 if any(column.group for column in self.columns) else 1


def sheets_of(kinds: Iterable[str], lang: str) -> tuple[Sheet, ...]:
    """Return the sheets that dossiers of these kinds are filled into."""
    by_name: dict[str, list[Level]] = {}
    for kind in dict.fromkeys(kinds):
        for level in levels_of(tree(kind)):
            by_name.setdefault(level.sheet(lang), []).append(level)
    return tuple(Sheet(name, tuple(levels), tuple(_columns(levels, lang))) for name, levels in by_name.items())


def render_template(kinds: Sequence[str], rulebook: Rulebook, lang: str, dossiers: Sequence[Dossier] = ()) -> bytes:
    """Return a workbook to fill in with dossiers of these kinds, with those given filled in.

    What is filled in reads back as it was, also that a list is empty. Raises `SourceError` for what no workbook can hold: a
    longer text than a cell takes, two dossiers (or two entries, two leaders) with one id.
    """
    sheets = sheets_of(kinds, lang)
    _ids_differ(dossiers)
    filled: dict[str, list[list[Any]]] = {sheet.name: [] for sheet in sheets}
    by_name = {sheet.name: sheet for sheet in sheets}
    for dossier in dossiers:
        for level, owner, row in rows_of(dossier):
            name = level.sheet(lang)
            filled[name].append([_cell(column, level, owner, row, lang) for column in by_name[name].columns])
    return _Writer(rulebook, lang).written(sheets, filled)


def rows_of(dossier: Dossier) -> Iterator[tuple[Level, str | None, Any]]:
    """Yield every row of a dossier: the table it goes in, the id of whose it is, what it holds; nothing for an empty list."""
    root = tree(dossier.kind)
    yield root, None, dossier
    yield from _rows_below(root, dossier)


def _rows_below(level: Level, row: Any) -> Iterator[tuple[Level, str | None, Any]]:
    for below in level.below:
        held = reached(row, below.path)
        if below.path == ("person",):
            held = None if held is None else (held,)
        if held == ():
            yield below, row.id, None
        for element in held or ():
            yield below, row.id, element
            yield from _rows_below(below, element)


def _ids_differ(dossiers: Sequence[Dossier]) -> None:
    seen: set[tuple[str, str]] = set()
    for dossier in dossiers:
        owners = [("dossier", dossier.id)]
        owners += [(level.name, row.id) for level, _, row in rows_of(dossier) if level.below and level.path and row is not None]
        for what, name in owners:
            if (what, name) in seen:
                raise SourceError(
                    f"{dossier.id}: {what}", f"the id {name!r} is there twice, and a workbook joins its sheets by id"
                )
            seen.add((what, name))


def _columns(levels: Sequence[Level], lang: str) -> Iterator[Column]:
    model, root = levels[0].model, not levels[0].path
    owners = {level.whose: level for level in levels if level.path}
    for whose, level in owners.items():
        yield Column(whose[lang == "en"], required=len(owners) == 1, owner=level)
    if levels[0].path not in ((), ("person",)):
        yield Column(phrase("none_column", lang), choices=("x",))
    separate = {below.path[0] for below in levels[0].below if below.path == ("person",)}
    paths = [path for path, info in fields_of_row(model).items() if info.kind != "area" and path[0] not in separate]
    groups = list(dict.fromkeys(_group(model, path) for path in paths))
    for path in sorted(paths, key=lambda path: _rank(path, groups.index(_group(model, path)), _group(model, path))):
        if not (root and path == ("kind",)):
            yield _column(model, path, lang)


_FIRST = ("id", "regime", "code")
"""What comes first: the id, and of a post what most rules of the state hang on."""


def _rank(path: Path, at: int, group: str) -> tuple[bool, bool, int, int]:
    return bool(group), group == "authority", at, _FIRST.index(path[-1]) if path[-1] in _FIRST else len(_FIRST)


def _group(model: type[BaseModel], path: Path) -> str:
    part = members_of(model.model_fields[path[0]].annotation)[0]
    return path[0] if isinstance(part, type) and issubclass(part, BaseModel) and part is not Area else ""


def _column(model: type[BaseModel], path: Path, lang: str) -> Column:
    info = fields_of_row(model)[path]
    about = model.model_fields[path[0]]
    literal = members_of(about.annotation)[0]
    choices = tuple(names[lang == "en"] for names in info.codes.names.values()) if info.codes is not None else ()
    if get_origin(literal) is Literal:
        choices = get_args(literal)
    if info.kind == "bool":
        choices = tuple(value_text(value, None, lang) for value in (True, False))
    return Column(
        heading_of(path, model, lang),
        _held(info),
        path,
        info,
        _group(model, path),
        required=len(path) == 1 and about.is_required(),
        choices=choices,
    )


def _held(info: FieldInfo) -> Held:
    match info.kind:
        case "bool" | "list":
            return info.kind
        case "int":
            return "percent" if info.unit == "percent" else "int"
        case "date":
            return "loose" if info.loose else "date"
        case _:
            return "codes" if info.codes is not None else "str"


def _cell(column: Column, level: Level, owner: str | None, row: Any, lang: str) -> Any:
    """Return what a cell holds: text, number or day; None where it is blank."""
    if column.owner is not None:
        return owner if column.owner.whose == level.whose else None
    if column.info is None:
        return "x" if row is None else None
    value = reached(row, column.path)
    match value:
        case None:
            return None
        case bool() | str():
            return column.info.text(value, lang)
        case int() if column.held == "percent":
            return column.info.text(value, lang)
        case PartialDate(earliest, latest):
            return f"{earliest:%Y}" if earliest.month != latest.month else f"{earliest:%m/%Y}"
        case date() if column.held == "loose":
            return day_text(value, "vi")
        case tuple():
            return "; ".join(map(str, value)) or phrase("none_column", lang)
        case _:
            return value


_NUMBERS: Mapping[Held, Mapping[str, Any]] = {
    "date": {"num_format": "dd/mm/yyyy", "align": "left"},
    "int": {"num_format": "0", "align": "left"},
}
_WEIGHT = {force: at for at, force in enumerate(get_args(Force))}
_FIRST_DAY = date(1900, 3, 1)
"""The first day spreadsheets agree on."""

_CHECK_LOOSE = (
    "=IFERROR(OR(ISNUMBER({0}),IF(LEN({0})>7,DAY(DATE(RIGHT({0},4),MID({0},4,2),LEFT({0},2)))=LEFT({0},2)*1,"
    "IF(LEN({0})=7,AND(LEFT({0},2)*1>0,LEFT({0},2)*1<13,RIGHT({0},4)*1>999),AND(LEN({0})=4,{0}*1>999)))),FALSE)"
)
"""Whether a cell holds a day dd/mm/yyyy, a month mm/yyyy or a year, as text; in the language of spreadsheets."""


class _Writer:
    """Writes the sheets of one workbook."""

    def __init__(self, rulebook: Rulebook, lang: str) -> None:
        self._rules, self._names, self._lang = rules_by_field(rulebook), names_by_field(rulebook, lang), lang
        self._file = BytesIO()
        self._book = xlsxwriter.Workbook(self._file, {"in_memory": True})
        self._book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001  # the same dossiers give the same bytes
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._lists: dict[tuple[str, ...], str] = {}

    def written(self, sheets: Sequence[Sheet], filled: Mapping[str, list[list[Any]]]) -> bytes:
        """Return the workbook: how to fill in, the tables, the codes of titles, and hidden the lists to choose from."""
        guide = self._book.add_worksheet(phrase("sheet_guide", self._lang))
        for sheet in sheets:
            self._sheet(sheet, filled[sheet.name])
        self._guide(guide, sheets)
        names = {code: name for names in self._names.values() for code, name in names.items()}
        self._codes(names)
        self._hidden_lists()
        self._book.close()
        return self._file.getvalue()

    def _format(self, **wanted: Any) -> Any:
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(
                {"font_name": "Times New Roman", "font_size": 12, "valign": "top", **wanted}
            )
        return self._formats[key]

    def _sheet(self, sheet: Sheet, rows: list[list[Any]]) -> None:
        page, top = self._book.add_worksheet(sheet.name), sheet.top
        page.freeze_panes(top, 1 + sum(column.owner is not None for column in sheet.columns[1:]))
        page.set_landscape()
        page.set_paper(9)
        page.repeat_rows(0, top - 1)
        page.set_row(top - 1, 50)
        shades = {group: at for at, group in enumerate(dict.fromkeys(column.group for column in sheet.columns))}
        for at, column in enumerate(sheet.columns):
            head = {"bold": True, "text_wrap": True, "border": 1, "valign": "vcenter", "align": "center"}
            shade = ("#DDEBF7", "#E2EFDA")[shades[column.group] % 2]
            colours = {"bg_color": "#1F4E78", "font_color": "#FFFFFF"} if column.required else {"bg_color": shade}
            page.write_string(top - 1, at, column.heading, self._format(**head, **colours))
            page.write_comment(top - 1, at, self._about(sheet, column), {"x_scale": 2.6, "y_scale": 2.2, "font_size": 9})
            words = [len(column.heading) * 0.6, *(len(choice) * 1.1 for choice in column.choices)]
            page.set_column(
                at, at, min(max(*words, 20 if column.held == "str" and not column.choices else 12), 34), self._body(column)
            )
            self._checked(page, sheet, column, at, top + len(rows) + ROOM)
        self._groups(page, sheet)
        for down, row in enumerate(rows, top):
            for at, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
                self._value(page, sheet, column, value, (down, at))

    def _groups(self, page: Any, sheet: Sheet) -> None:
        """Write above the headings which part of the row they are of."""
        if sheet.top == 1:
            return
        model = sheet.levels[0].model
        wide: dict[str, list[int]] = {}
        for at, column in enumerate(sheet.columns):
            wide.setdefault(column.group, []).append(at)
        head = self._format(bold=True, align="center", border=1, bg_color="#BDD7EE")
        for group, columns in wide.items():
            if group:
                about = model.model_fields[group]
                extra = about.json_schema_extra if isinstance(about.json_schema_extra, dict) else {}
                label = str(about.description if self._lang == "en" else extra["vi"])
                label = f"{label[:1].upper()}{label[1:]}"
                if len(columns) > 1:
                    page.merge_range(0, columns[0], 0, columns[-1], label, head)
                else:
                    page.write_string(0, columns[0], label, head)

    def _body(self, column: Column) -> Any:
        """Return the format of a column's cells: days and whole numbers as such, all else as text, which is never a formula."""
        return self._format(**_NUMBERS.get(column.held, {"num_format": "@", "quote_prefix": True}))

    def _value(self, page: Any, sheet: Sheet, column: Column, value: Any, place: tuple[int, int]) -> None:
        match value:
            case None:
                pass
            case int():
                page.write_number(*place, value, self._body(column))
            case date() if value >= _FIRST_DAY:
                page.write_datetime(*place, datetime(value.year, value.month, value.day), self._body(column))  # noqa: DTZ001
            case date():
                page.write_string(*place, day_text(value, "vi"), self._body(column))
            case _ if len(value) > CELL:
                where = f"{sheet.name}!{xl_rowcol_to_cell(*place)}: {column.heading}"
                raise SourceError(where, f"a cell of a workbook holds {CELL:,} characters, this text has {len(value):,}")
            case _:
                page.write_string(*place, value, self._body(column))

    def _checked(self, page: Any, sheet: Sheet, column: Column, at: int, last: int) -> None:
        """Let the cells of a column be chosen from its list, or be checked for what they are to hold."""
        first = f"{xl_col_to_name(at)}{sheet.top + 1}"
        named = tuple(dict.fromkeys(code for place in _places(sheet, column) for code in self._names.get(place, ())))
        check: dict[str, Any]
        match column.held:
            case _ if column.choices or named:
                check = {"validate": "list", "source": self._list(column.choices or named)}
                check |= {} if column.choices else {"error_type": "information"}
            case "date":
                check = {"validate": "date", "criteria": "between", "minimum": _FIRST_DAY, "maximum": date(2199, 12, 31)}
            case "loose":
                check = {"validate": "custom", "value": _CHECK_LOOSE.format(first), "error_type": "warning"}
            case "int":
                check = {"validate": "integer", "criteria": ">=", "value": 0}
            case _:
                return
        told = phrase(f"type_{'codes' if column.choices and column.held == 'str' else column.held}", self._lang)
        check |= {"error_title": phrase("wrong_cell", self._lang), "error_message": told}
        page.data_validation(sheet.top, at, last, at, check)

    def _list(self, choices: tuple[str, ...]) -> str | list[str]:
        """Return a short list itself, a long one by where it stands on the hidden sheet."""
        if len(",".join(choices)) <= 60 and not any("," in choice for choice in choices):
            return list(choices)
        if choices not in self._lists:
            letter = xl_col_to_name(len(self._lists))
            name = phrase("sheet_lists", self._lang)
            self._lists[choices] = f"='{name}'!${letter}$1:${letter}${len(choices)}"
        return self._lists[choices]

    def _about(self, sheet: Sheet, column: Column) -> str:
        """Return what is told of a column: what it is, how to write it, and which rules need it."""
        lang = self._lang
        if column.owner is not None:
            above = next(level for level in all_levels() if any(below is column.owner for below in level.below))
            told = phrase("about_key", lang, sheet=above.sheet(lang))
            return f"{told} {phrase('required', lang)}" if column.required else told
        if column.info is None:
            return phrase("about_none", lang)
        held = "codes" if column.choices and column.held == "str" else column.held
        lines = [f"{column.info.name(lang)}. {phrase(f'type_{held}', lang)}"]
        lines += [phrase("required", lang)] if column.required else []
        rules = {rule.id: rule for place in _places(sheet, column) for rule in self._rules.get(place, ())}
        ordered = sorted(rules.values(), key=lambda rule: (_WEIGHT[rule.force], rule.id))
        titles = list(dict.fromkeys(PLACEHOLDER.sub("…", rule.title.of(lang)) for rule in ordered))
        lines.append(f"{phrase('needed_by', lang)}:" if titles else phrase("needed_by_none", lang))
        lines += [f"• {title}" for title in titles[:TOLD]]
        lines += [phrase("and_more", lang, n=len(titles) - TOLD)] if len(titles) > TOLD else []
        return "\n".join(lines)

    def _guide(self, page: Any, sheets: Sequence[Sheet]) -> None:
        lang = self._lang
        page.hide_gridlines(2)
        for at, width in enumerate((36, 44, 40, 10, 14)):
            page.set_column(at, at, width)
        page.merge_range(0, 0, 0, 4, phrase("template_title", lang), self._format(bold=True, font_size=16, align="center"))
        roots = ", ".join(sheet.name for sheet in sheets if not sheet.levels[0].path)
        texts = ("one", "two", "three", "four", "five", "six", "seven")
        for down, word in enumerate(texts, 2):
            text = phrase(f"template_{word}", lang).format(roots=roots, file="FILE.xlsx")
            page.merge_range(down, 0, down, 4, f"{down - 1}. {text}", self._format(text_wrap=True))
            page.set_row(down, 34 if len(text) > 120 else 18)
        top = len(texts) + 3
        head = self._format(bold=True, border=1, bg_color="#DDEBF7", text_wrap=True, align="center")
        for at, word in enumerate(("table_word", "of_whom", "required_word", "columns_word", "read_by")):
            page.write_string(top, at, phrase(word, lang), head)
        row = self._format(border=1, text_wrap=True)
        for down, sheet in enumerate(sheets, top + 1):
            read = (self._rules.get(place, ()) for column in sheet.columns for place in _places(sheet, column))
            whose = ", ".join(column.heading for column in sheet.columns if column.owner is not None)
            required = ", ".join(column.heading for column in sheet.columns if column.required and column.owner is None)
            page.write_url(down, 0, f"internal:'{sheet.name}'!A{sheet.top + 1}", self._format(border=1, underline=1), sheet.name)
            page.write_string(down, 1, whose, row)
            page.write_string(down, 2, required, row)
            page.write_number(down, 3, len(sheet.columns), row)
            page.write_number(down, 4, len({rule.id for rules in read for rule in rules}), row)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.activate()

    def _codes(self, names: Mapping[str, str]) -> None:
        page = self._book.add_worksheet(phrase("sheet_titles", self._lang))
        page.set_column(0, 1, 60)
        for at, head in enumerate(("code_word", "name_word")):
            page.write_string(0, at, phrase(head, self._lang), self._format(bold=True, border=1, bg_color="#DDEBF7"))
        for down, both in enumerate(names.items(), 1):
            for at, text in enumerate(both):
                page.write_string(down, at, text, self._format(border=1, num_format="@"))

    def _hidden_lists(self) -> None:
        page = self._book.add_worksheet(phrase("sheet_lists", self._lang))
        for at, choices in enumerate(self._lists):
            page.write_column(0, at, choices)
        page.hide()


def _places(sheet: Sheet, column: Column) -> Iterator[tuple[str, Path]]:
    """Yield where rules read a column: what they are about, and the path at which they find it there."""
    if column.info is not None:
        path = column.path[:-1] if column.path[-1] in Area.model_fields and len(column.path) > 1 else column.path
        for level in sheet.levels:
            yield from ((subject, (*prefix, *path)) for subject, prefix in level.about)
