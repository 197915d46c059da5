"""Dossiers taken apart into normalised tables, and put into each kind of source that can hold them."""

import csv
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest

from cadre_rules.sources.headings import fields_of_row
from cadre_rules.sources.levels import Level, tree

Tables = dict[str, list[dict[str, str]]]


def taken_apart(dossiers: list[dict[str, Any]]) -> Tables:
    """Return the tables that say what nested dossiers say: columns by path, a row's owner by its id."""
    tables: Tables = {}
    for dossier in dossiers:
        level = tree(dossier["kind"])
        _take(dossier, level, {}, tables)
    return tables


def _take(part: dict[str, Any], level: Level, owner: dict[str, str], tables: Tables) -> None:
    row = dict(owner)
    for path in fields_of_row(level.model):
        value = _at(part, path)
        if value is not None and not isinstance(value, dict) and (level.path or path != ("kind",)):
            row[".".join(path)] = ";".join(map(str, value)) if isinstance(value, list) else str(value)
    tables.setdefault(level.name, []).append(row)
    for below in level.below:
        if below.path != ("person",):
            name = min(name for name in below.links[-1][0] if name.endswith("_id") and name != "dossier_id")
            for inner in _at(part, below.path) or ():
                _take(inner, below, {name: part["id"]}, tables)


def _at(part: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        part = part.get(name) if isinstance(part, dict) else None
    return part


def columns_of(rows: list[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def as_frames(tables: Any) -> dict[str, pl.DataFrame]:
    if all(isinstance(rows, pl.DataFrame) for rows in tables.values()):
        return cast("dict[str, pl.DataFrame]", tables)
    return {name: pl.DataFrame(rows, schema=dict.fromkeys(columns_of(rows), pl.String)) for name, rows in tables.items()}


def as_csv(tables: Any, folder: Path) -> str:
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns_of(rows), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
    return str(folder)


def as_parquet(tables: Any, folder: Path) -> str:
    for name, frame in as_frames(tables).items():
        frame.write_parquet(folder / f"{name}.parquet")
    return str(folder)


def as_duckdb(tables: Any, folder: Path) -> str:
    import duckdb

    with closing(duckdb.connect(str(folder / "a.duckdb"))) as connection:
        for name, frame in as_frames(tables).items():
            connection.register("laid", frame.to_arrow())
            connection.execute(f'CREATE TABLE "{name}" AS FROM laid')
    return f"duckdb:///{folder}/a.duckdb"


def as_sqlite(tables: Any, folder: Path) -> str:
    from adbc_driver_sqlite import dbapi

    _ingest(dbapi.connect(str(folder / "a.sqlite")), tables)
    return str(folder / "a.sqlite")


def as_postgres(tables: Any, folder: Path) -> str:
    from adbc_driver_postgresql import dbapi

    url = _server()
    name = f"audit_{abs(hash(folder))}"
    with closing(dbapi.connect(f"{url}/postgres", autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    _ingest(dbapi.connect(f"{url}/{name}"), tables)
    return f"{url}/{name}"


def _ingest(connection: Any, tables: Any) -> None:
    with closing(connection), closing(connection.cursor()) as cursor:
        for name, frame in as_frames(tables).items():
            cursor.adbc_ingest(name, frame.to_arrow(), mode="create")
        connection.commit()


SOURCES = {"csv": as_csv, "parquet": as_parquet, "duckdb": as_duckdb, "sqlite": as_sqlite, "postgresql": as_postgres}

_STARTED: list[str] = []


def _server() -> str:
    if not _STARTED:
        pytest.skip("no PostgreSQL server is installed here (apt-get install postgresql)")
    return _STARTED[0]


@contextmanager
def postgresql() -> Iterator[None]:
    """Run a PostgreSQL of its own on loopback, if its server is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(programs[-1]) if programs else shutil.which("initdb")
    if initdb is None:
        yield
        return
    run: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as name, socket.socket() as probe:
        folder, control = Path(name), str(Path(initdb).with_name("pg_ctl"))
        if os.geteuid() == 0:  # it refuses to run as root
            run["user"] = "postgres"
            shutil.chown(folder, "postgres")
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data, log = str(folder / "data"), str(folder / "log")
        subprocess.run([initdb, "-D", data, "-U", "audit", "-A", "trust", "-E", "UTF8", "--locale=C"], check=True, **run)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -F"
        subprocess.run([control, "-D", data, "-o", options, "-w", "-l", log, "start"], check=True, **run)
        try:
            _STARTED.append(f"postgresql://audit@127.0.0.1:{port}")
            yield
        finally:
            _STARTED.clear()
            subprocess.run([control, "-D", data, "-m", "fast", "-w", "stop"], check=True, **run)


def stated(value: Any) -> Any:
    """Return what a value states: without what is null, blank, or empty."""
    match value:
        case dict():
            found = {name: kept for name, inside in value.items() if (kept := stated(inside)) is not None}
            return found or None
        case list():
            return [stated(item) for item in value] or None
        case "":
            return None
        case date():
            return value.isoformat()
        case _:
            return value
