"""Tables that can be asked in SQL: PostgreSQL, SQLite and DuckDB, and CSV, Parquet and sheets laid into a DuckDB for the while.

The one door of the drivers (extra `[sql]`): ADBC for the first two. Every cell comes out as text.
"""

import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from cadre_rules.errors import SourceError, refused
from cadre_rules.names import clean
from cadre_rules.sources.files import Rejected
from cadre_rules.sources.rows import ROW, UNREAD


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables that can be asked in SQL. `numbered` ones keep the row each line or row of a file stood in, and its order."""

    place: str
    columns: dict[str, list[str]]
    ask: Callable[[str], pl.DataFrame]
    numbered: bool
    literal: str = "'''' || REPLACE(CAST({} AS TEXT), '''', '''''') || ''''"
    typed_by_hand: bool = False
    rejected: tuple[Rejected, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def place_of(self, table: str) -> str:
        """Return where a table is, for people."""
        return self.places.get(table, f"{self.place}: {table}")

    def rows(self, table: str, columns: Sequence[str], condition: str) -> pl.DataFrame:
        """Return the rows of a table that a condition holds for, as texts in a settled order, and `_row`."""
        row = f"CAST({named(ROW)} AS BIGINT)" if self.numbered else "NULL"
        texts = "".join(f", COALESCE(CAST({named(column)} AS TEXT), '') AS {named(f'c{n}')}" for n, column in enumerate(columns))
        order = f" ORDER BY {named(ROW)}" if self.numbered else ""
        found = self.ask(f"SELECT {row} AS {named(ROW)}{texts} FROM {named(table)} WHERE {condition}{order}")
        found = found.cast({ROW: pl.UInt64}).rename({f"c{n}": column for n, column in enumerate(columns)})
        found = found.with_columns(pl.col(columns).cast(pl.String))
        return found if self.numbered else found.sort(columns, maintain_order=True)

    def ranges(self, table: str, key: str | None, size: int) -> Iterator[str]:
        """Yield conditions that cut a table into ranges of `size` rows: by row, or by key, those without one last."""
        if self.numbered:
            last = self.ask(f"SELECT MAX({named(ROW)}) AS n FROM {named(table)}")["n"][0] or 0
            for first in range(0, last + 1, size):
                yield f"{named(ROW)} >= {first} AND {named(ROW)} < {first + size}"
            return
        if key is None:
            raise SourceError(self.place_of(table), "has no column `id`, which its rows are ordered and known by; see --mapping")
        ordered = (
            f"SELECT {self.literal.format(named(key))} AS k, ROW_NUMBER() OVER (ORDER BY {named(key)}) AS n FROM {named(table)}"
        )
        firsts = self.ask(f"SELECT k FROM ({ordered} WHERE {named(key)} IS NOT NULL) AS o WHERE (n - 1) % {size} = 0 ORDER BY n")
        edges = [*firsts["k"].to_list(), None]
        for first, after in pairwise(edges):
            yield f"{named(key)} >= {first}" + (f" AND {named(key)} < {after}" if after is not None else "")
        yield f"{named(key)} IS NULL"


def named(name: str | None) -> str:
    """Return a name as SQL quotes it."""
    return '"' + str(name).replace('"', '""') + '"'


DATABASES = (".db", ".sqlite", ".sqlite3", ".duckdb")
_NEEDS = "reading tables needs: pip install 'cadre-rules[sql]'"
_BY_CATALOGUE = (
    "SELECT CAST(table_name AS TEXT) AS t, CAST(column_name AS TEXT) AS c FROM information_schema.columns "
    "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
)
_BY_SQLITE = (
    "SELECT m.name AS t, p.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) p "
    "WHERE m.type IN ('table', 'view') ORDER BY m.name, p.cid"
)


@contextmanager
def open_database(source: str) -> Iterator[Tables]:
    """Open a database to be read: `postgresql://…`, `sqlite:///file`, `duckdb:///file`, or the file itself."""
    address = urlsplit(source)
    place = source.replace(f":{address.password}@", "@") if address.password else source
    path = source.removeprefix(f"{address.scheme}:///")
    with _told(place), ExitStack() as opened:
        if address.scheme in ("postgresql", "postgres"):
            connection = opened.enter_context(closing(import_module("adbc_driver_postgresql.dbapi").connect(source)))
            cursor = opened.enter_context(closing(connection.cursor()))
            for setting in ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET DateStyle TO ISO"):
                cursor.execute(setting)
            yield _tables(place, _asker(cursor, place), _BY_CATALOGUE, numbered=False)
        elif not Path(path).is_file():
            raise SourceError(place, "cannot be read: there is no such file")
        elif address.scheme == "duckdb" or path.endswith(".duckdb"):
            connection = opened.enter_context(closing(import_module("duckdb").connect(path, read_only=True)))
            yield _tables(place, _asker(connection, place), _BY_CATALOGUE, numbered=False)
        else:
            connection = opened.enter_context(
                closing(import_module("adbc_driver_sqlite.dbapi").connect(f"{Path(path).resolve().as_uri()}?mode=ro"))
            )
            cursor = opened.enter_context(closing(connection.cursor()))
            yield replace(_tables(place, _asker(cursor, place), _BY_SQLITE, numbered=False), literal="QUOTE({})")


@contextmanager
def open_folder(folder: Path) -> Iterator[Tables]:
    """Lay the CSV and Parquet files of a folder, a table each, into a database on disk for as long as they are read."""
    inside = sorted(folder.iterdir()) if folder.is_dir() else [folder]
    files = [file for file in inside if file.suffix.lower() in (".csv", ".parquet")]
    rejected: list[Rejected] = []
    with _told(str(folder)), tempfile.TemporaryDirectory() as scratch, ExitStack() as opened:
        connection = opened.enter_context(closing(import_module("duckdb").connect(f"{scratch}/tables.duckdb")))
        for file in files:
            if file.suffix.lower() == ".csv":
                for number, frame in enumerate(_csv(file, rejected)):
                    _lay(connection, file.stem, frame, more=number > 0)
            else:
                path = str(file).replace("'", "''")
                rows = f"file_row_number + 1 AS {named(ROW)}, * EXCLUDE (file_row_number)"
                table = f"SELECT {rows} FROM read_parquet('{path}', file_row_number = true)"
                connection.execute(f"CREATE TABLE {named(file.stem)} AS {table}")
        tables = _tables(str(folder), _asker(connection, str(folder)), _BY_CATALOGUE, numbered=True)
        yield replace(tables, rejected=tuple(rejected), places={file.stem: str(file) for file in files})


@contextmanager
def open_frames(place: str, frames: Mapping[str, tuple[str, pl.DataFrame]], rejected: Sequence[Rejected]) -> Iterator[Tables]:
    """Lay tables of texts typed by hand, each with its place and `_row`, into a database in memory."""
    with _told(place), closing(import_module("duckdb").connect(":memory:")) as connection:
        for name, (_, frame) in frames.items():
            _lay(connection, name, frame, more=False)
        places = {name: at for name, (at, _) in frames.items()}
        tables = _tables(place, _asker(connection, place), _BY_CATALOGUE, numbered=True)
        yield replace(tables, typed_by_hand=True, rejected=tuple(rejected), places=places)


def _tables(place: str, ask: Callable[[str], pl.DataFrame], catalogue: str, *, numbered: bool) -> Tables:
    columns: dict[str, list[str]] = {}
    for table, column in ask(catalogue).iter_rows():
        columns.setdefault(table, []).extend([column] if column != ROW else [])
    return Tables(place, columns, ask, numbered)


def _asker(connection: Any, place: str) -> Callable[[str], pl.DataFrame]:
    def ask(query: str) -> pl.DataFrame:
        with _told(place):
            if hasattr(connection, "sql"):
                return pl.DataFrame(pl.from_arrow(connection.sql(query).to_arrow_table()))
            connection.execute(query)
            return pl.DataFrame(pl.from_arrow(connection.fetch_arrow_table()))

    return ask


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Tell what a driver says as an error of the source."""
    try:
        yield
    except ImportError as error:
        raise SourceError(place, _NEEDS) from error
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("_duckdb", "duckdb", "adbc_driver_manager"):
            raise
        raise SourceError(place, f"cannot be read: {str(error).splitlines()[0]}") from error


def _lay(connection: Any, name: str, frame: pl.DataFrame, *, more: bool) -> None:
    connection.register("laid", frame.to_arrow())
    connection.execute(f"INSERT INTO {named(name)} FROM laid" if more else f"CREATE TABLE {named(name)} AS FROM laid")
    connection.unregister("laid")


_ROWS = 50_000


def _csv(path: Path, rejected: list[Rejected]) -> Iterator[pl.DataFrame]:
    """Yield the rows of a CSV file as texts with the line each began on; a row that does not fit its heading is rejected."""
    place = str(path)
    try:
        with refused(path), path.open(encoding=_encoding(path), newline="") as file:
            first = file.readline()
            lines = csv.reader(chain([first], file), delimiter=max(",;\t|", key=first.count))
            width, names = once(next(lines, []), place, rejected)
            schema = {ROW: pl.UInt64, **dict.fromkeys(names.values(), pl.String)}
            yield pl.DataFrame(schema=schema)
            rows = _lines(lines, width, place, rejected)
            while block := list(islice(rows, _ROWS)):
                yield pl.DataFrame([[number, *(row[at] for at in names)] for number, row in block], schema=schema, orient="row")
    except UnicodeDecodeError as error:
        raise SourceError(place, f"not UTF-8 text ({error.reason} at byte {error.start}); save it as CSV UTF-8") from error


def _lines(lines: Any, width: int, place: str, rejected: list[Rejected]) -> Iterator[tuple[int, list[str]]]:
    while True:
        number = lines.line_num + 1
        try:
            row = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            rejected.append(Rejected(f"{place}:{number}", f"not CSV: {error}"))
            continue
        if any(row) and len(row) != width:
            rejected.append(Rejected(f"{place}:{number}", f"has {len(row)} cells, its heading {width}"))
        elif any(row):
            yield number, row


def once(names: Sequence[str], place: str, rejected: list[Rejected]) -> tuple[int, dict[int, str]]:
    """Return how many columns there are, and those that have a heading, by position; of two with one heading the first counts."""
    found: dict[int, str] = {}
    for at, name in enumerate(map(clean, names)):
        if name and name.casefold() in {other.casefold() for other in found.values()}:
            rejected.append(Rejected(f"{place}: {name}", "a second column with this heading" + UNREAD))
        elif name and name != ROW:
            found[at] = name
    return len(names), found


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
