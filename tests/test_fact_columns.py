"""Definitions as columns say of each row what the definitions say of it alone, bounds and names included."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.collectives import Figure
from cadre_rules.dossier.frames import _plain, frame_of, frame_schema
from cadre_rules.dossier.people import Appointment
from cadre_rules.dossier.values import bounds
from cadre_rules.expression import OPERATIONS, Call, Constant, Each, Expression, Fact, Field, Item, Lookup, Within
from cadre_rules.facts.arrays import Numbers, Texts, series_of
from cadre_rules.facts.columns import FactColumns
from cadre_rules.facts.columnwise import FARTHEST
from cadre_rules.facts.deriving import Deriver, Scope, Tables
from cadre_rules.facts.maps import AreaMap
from cadre_rules.facts.operations import settled
from cadre_rules.names import fold
from test_deriving import PROVINCES

DATES = [date(1, 1, 1), date(2020, 1, 31), date(2020, 2, 29), date(2021, 12, 31), date(2022, 1, 1), date(2025, 6, 30)]
DATES += [date(2025, 7, 1), date(9999, 12, 31)]
LOOSE: list[Any] = [*DATES, "2020", "02/2020", "2022", "1999", "12/2021", "01/2022", "2025"]
NUMBERS = [0, 1, 2, 3, 7, 10, 12, 25, 10**6 - 1]
NAMES = ["Ủy ban", "uỷ  ban", "Bí thư", "BÍ THƯ", "x", ""]
AREAS = ["Thanh Hóa", "huyện Yên Định, Thanh Hoá", "xã A, huyện Yên Định, 38", "xã A, Thanh Hóa", "Hải Dương", "tỉnh Đông"]
AREAS += ["phường B, Thành phố Hải Phòng", "nơi nào đó", "", "xã A, yên định, 38"]
POOLS: Mapping[str, list[Any]] = {
    "int": NUMBERS,
    "bool": [True, False],
    "str": NAMES,
    "area": AREAS,
    "date": DATES,
    "loose": LOOSE,
    "level": ["province", "district", "commune"],
    "source": ["on_site", "elsewhere"],
}
FIELDS: Mapping[str, str] = {
    "days.decided": "date",
    "days.process_started": "date",
    "person.birth_date": "loose",
    "person.party_joined_on": "loose",
    "deputies_allowed": "int",
    "deputies_after": "int",
    "post.rank": "int",
    "first_time": "bool",
    "post.vacant": "bool",
    "post.title": "str",
    "post.unit": "str",
    "post.level": "level",
    "post.area": "area",
    "person.home_town": "area",
}
LISTS: Mapping[str, Mapping[str, str]] = {
    "person.posts": {
        "title": "str",
        "unit": "str",
        "level": "level",
        "area": "area",
        "start": "loose",
        "end": "loose",
        "current": "bool",
        "leading": "bool",
        "rank": "int",
    },
    "steps": {"number": "int", "votes_for": "int", "held_on": "date", "secret": "bool", "name": "str"},
}
TABLE: dict[str, tuple[dict[str, Any], ...]] = {
    "months": (
        {"form": "Ủy ban", "months": 12, "until": date(2022, 1, 1), "in_force": (None, date(2021, 12, 31))},
        {"form": "ủy ban", "months": 24, "until": None, "in_force": (date(2022, 1, 1), None)},
        {"form": "x", "months": 10**17, "until": date(2020, 1, 31)},
        {"form": "x", "months": 99, "until": date(2020, 2, 29)},
    ),
    "bands": (
        {"rank": (None, 1), "vacant": True, "group": "Uỷ ban", "right": True},
        {"rank": (2, 3), "vacant": True, "group": "bí thư", "right": False},
        {"rank": (7, None), "vacant": True, "group": "ủy ban", "right": None},
        {"rank": (None, None), "vacant": False, "group": "x", "right": True},
    ),
    "periods": (
        {"on": (None, date(2019, 12, 31)), "rank": 3, "form": "a"},
        {"on": (date(2020, 1, 1), date(2021, 12, 31)), "rank": 7, "form": "b"},
        {"on": (date(2022, 1, 1), None), "rank": 7, "form": "A"},
    ),
    "empty": (),
}
KEYS: Mapping[str, Mapping[str, str]] = {
    "months": {"form": "str", "months": "int", "until": "date"},
    "bands": {"rank": "int", "vacant": "bool", "group": "str", "right": "bool"},
    "periods": {"on": "date", "rank": "int", "form": "str"},
}
"""The columns of each table, by the kind that is compared with them."""
GETS = {"int": [("months", "months"), ("periods", "rank")], "str": [("bands", "group"), ("periods", "form")]}
GETS |= {"bool": [("bands", "right")], "date": [("months", "until")]}
TABLES = Tables(TABLE, AreaMap(PROVINCES))


def kind_of(pool: str) -> str:
    return {"loose": "date", "level": "str"}.get(pool, pool)


# Rows


def stated(pool: str, random: Random) -> Any:
    return None if random.random() < 0.25 else random.choice(POOLS[pool])


def row(random: Random, number: int) -> Appointment:
    raw: dict[str, Any] = {"kind": "appointment", "id": f"d{number}", "decision": "appointment"}
    for name, pool in FIELDS.items():
        put(raw, name.split("."), stated(pool, random))
    for name, items in LISTS.items():
        size = random.choice([None, 0, 1, 2, 3, 3])
        rows = None if size is None else [{item: stated(pool, random) for item, pool in items.items()} for _ in range(size)]
        put(raw, name.split("."), rows)
    for part in ("days", "person", "post"):
        if random.random() < 0.05:
            raw[part] = None
    return Appointment.model_validate(raw)


def put(raw: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        raw = raw.setdefault(name, {})
    raw[path[-1]] = value


@cache
def rows() -> tuple[Appointment, ...]:
    random = Random(4)
    return tuple(row(random, number) for number in range(200))


@cache
def frame() -> pl.DataFrame:
    return frame_of(list(rows()), "appointment")


# Expressions


@st.composite
def expressions(draw: st.DrawFn, kind: str, depth: int, at: str | None, facts: Mapping[str, str]) -> Expression:
    """Draw an expression of one kind, about the element of a list if `at` names one."""

    def of(kind: str) -> Expression:
        return draw(expressions(kind, depth - 1, at, facts))

    leaves: list[Callable[[], Expression]] = [lambda: leaf(draw, kind, at, facts)]
    deep: list[Callable[[], Expression]] = []
    if depth > 0:
        deep += [lambda: Call("choose", (of("bool"), of(kind), of(kind)))]
        deep += [lambda: Call("coalesce", tuple(of(kind) for _ in range(draw(st.integers(1, 3)))))]
        names = [name for name, signature in OPERATIONS.items() if signature.gives == kind]
        names += ["least", "greatest"] if kind in ("int", "date") else []
        if names:
            deep += [lambda: call(draw, draw(st.sampled_from(names)), kind, of)] * 4
        if kind in GETS:
            deep += [lambda: lookup(draw, kind, of)] * 2
        if kind == "bool":
            deep += [lambda: Within(of("area"), of("area"), draw(levels()), of("date"))] * 2
        if at is None:
            deep += [lambda: each(draw, kind, depth, facts)] * 5
    return draw(st.sampled_from(leaves + deep if deep else leaves))()


def leaf(draw: st.DrawFn, kind: str, at: str | None, facts: Mapping[str, str]) -> Expression:
    found: list[Expression] = [Field(tuple(name.split("."))) for name, pool in FIELDS.items() if kind_of(pool) == kind]
    if at is not None:
        items = [Item(tuple(name.split("."))) for name, pool in LISTS[at].items() if kind_of(pool) == kind]
        found += items * 3
    found += [Fact(name) for name, given in facts.items() if given == kind]
    if kind != "area":
        values = [*POOLS[kind], *([-1, 10**9] if kind == "int" else [])]
        found += [Constant(value) for value in draw(st.lists(st.sampled_from(values), min_size=0 if found else 1, max_size=2))]
    return draw(st.sampled_from(found))


@st.composite
def levels(draw: st.DrawFn) -> Expression:
    return Constant(draw(st.sampled_from(POOLS["level"]))) if draw(st.booleans()) else Field(("post", "level"))


def call(draw: st.DrawFn, operation: str, kind: str, of: Callable[[str], Expression]) -> Expression:
    takes, repeats = OPERATIONS[operation].takes, OPERATIONS[operation].repeats
    same = {"bool": ["bool", "int", "str", "date"] if operation == "equal" else ["int", "date"]}.get(kind, [kind])
    one = draw(st.sampled_from(same))
    kinds = [one if each == "same" else each for each in takes]
    kinds += kinds[-1:] * (draw(st.integers(0, 2)) if repeats else 0)
    if operation == "multiply":  # what is farther than whole numbers reach has a test of its own
        return Call(operation, (of("int"), *(Constant(draw(st.sampled_from([-1, 0, 2, 12]))) for _ in kinds[1:])))
    arguments: list[Expression] = []
    for each in kinds:
        match each:
            case "list":
                arguments.append(Constant(tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)))))
            case "any":
                arguments.append(of(draw(st.sampled_from(["int", "bool", "str", "date", "area"]))))
            case _:
                arguments.append(of(each))
    return Call(operation, tuple(arguments))


def lookup(draw: st.DrawFn, kind: str, of: Callable[[str], Expression]) -> Expression:
    table, get = draw(st.sampled_from(GETS[kind]))
    columns = [name for name in KEYS[table] if name != get and name not in ("until", "right")]
    names = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=2, unique=True))
    dated = any("in_force" in one for one in TABLE[table])
    on = of("date") if dated else None
    return Lookup(table, tuple((name, of(KEYS[table][name])) for name in names), get, on)


def each(draw: st.DrawFn, kind: str, depth: int, facts: Mapping[str, str]) -> Expression:
    at = draw(st.sampled_from(sorted(LISTS)))
    gathers = {"bool": ["any"], "int": ["count", "sum", "min", "max", "distinct", "most"], "date": ["min", "max"]}.get(kind, [])
    gather: Any = draw(st.sampled_from([*gathers, *gathers, "latest", "earliest"]))
    where = draw(st.none() | expressions("bool", depth - 1, at, facts))
    pick = by = None
    if gather in ("distinct", "most"):
        pick = draw(expressions(draw(st.sampled_from(["str", "int", "date", "bool"])), depth - 1, at, facts))
    elif gather not in ("any", "count"):
        pick = draw(expressions(kind, depth - 1, at, facts))
    if gather in ("latest", "earliest"):
        order = draw(st.sampled_from(["date", "int"]))
        by = None if kind in ("int", "date") and draw(st.booleans()) else draw(expressions(order, depth - 1, at, facts))
    return Each(gather, tuple(at.split(".")), where, pick, by, draw(st.booleans()))


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Expression]:
    """Draw a few definitions, each of which may read those before."""
    facts: dict[str, str] = {}
    found: dict[str, Expression] = {}
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["bool", "int", "date", "str", "area"]))
        name = f"f{number}"
        found[name] = draw(expressions(kind, 3, None, facts))
        facts[name] = kind
    return found


# The comparison


def in_columns(subject: str, nodes: Mapping[str, Expression], table: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Yield of each definition its settled column, the least and the greatest it can be, and the name it is compared by."""
    facts, rows = FactColumns(subject, nodes, TABLES).of(table), np.arange(table.height)
    for name in nodes:
        column = facts.of(name)
        ends = [column, column]
        if isinstance(column, Numbers):
            ends = [replace(column, low=end, top=None) for end in (column.low, column.high)]
        low, high = (series_of(end, rows).to_list() for end in ends)
        named = names_of(column, len(rows)) if isinstance(column, Texts) else low
        yield name, series_of(facts.exact(name), rows).to_list(), low, high, named


def names_of(texts: Texts, height: int) -> list[str | None]:
    """The name each row is compared by."""
    names: dict[str | None, int] = {}
    classes = np.broadcast_to(texts.classes(names), height)
    return [list(names)[number] for number in classes]


def plain(value: Any) -> Any:
    if isinstance(value, Area):
        return value.model_dump()
    return max(-FARTHEST, min(value, FARTHEST)) if type(value) is int else value


def assert_alike(subject: str, nodes: Mapping[str, Expression], roots: Any, table: pl.DataFrame) -> None:
    deriver = Deriver(dict(nodes), TABLES)
    scopes = [Scope(deriver, root) for root in roots]
    for name, exact, low, high, named in in_columns(subject, nodes, table):
        for number, scope in enumerate(scopes):
            told, least, most = (plain(one) for one in (settled(scope[name]), *bounds(scope[name])))
            place = f"row {number}, {name} = {nodes[name]}\n{roots[number]}"
            assert (least, most) == (low[number], high[number]), place
            assert told == exact[number], place
            if isinstance(told, str):
                assert named[number] == fold(told), place


@settings(max_examples=settings().max_examples ** 2 // 500)  # a table at a time: 1, 80 or 2,000
@given(definitions())
def test_whatever_is_defined_is_derived_alike(nodes: dict[str, Expression]) -> None:
    assert_alike("appointment", nodes, rows(), frame())


HUGE = 10**12 - 1


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (Call("multiply", (Constant(HUGE), Field(("deputies_after",)))), 4 * 10**18),
        (Call("multiply", (Constant(-HUGE), Field(("deputies_after",)), Field(("deputies_after",)))), -4 * 10**18),
        (Call("multiply", (Constant(4_000_000), Field(("deputies_after",)))), 4_000_000 * HUGE),
    ],
)
def test_numbers_out_of_reach_are_taken_for_the_farthest_there_is(node: Expression, expected: int) -> None:
    square = Call("multiply", (Field(("deputies_after",)), Field(("deputies_after",))))
    listed = Each("sum", ("steps",), None, Call("multiply", (Item(("votes_for",)), Item(("votes_for",)))))
    nodes = {
        "it": node,
        "added": Call("add", (square, square, square)),
        "share": Call("share", (square, Constant(1))),
        "sum": listed,
        "less": Call("less", (square, Constant(10**18 - 1))),
    }
    steps = [{"votes_for": HUGE}] * 9
    root = Appointment.model_validate(
        {"kind": "appointment", "id": "d", "decision": "appointment", "deputies_after": HUGE, "steps": steps}
    )
    table = frame_of([root], "appointment")
    found = {name: exact[0] for name, exact, *_ in in_columns("appointment", nodes, table)}
    assert found == {"it": expected, "added": 4 * 10**18, "share": 4 * 10**18, "sum": 4 * 10**18, "less": False}


def test_a_list_of_plain_values_is_gathered_alike() -> None:
    listed: list[Any] = [None, [], [1, 2, 3], [0], [5, 5, 5, 9]]
    figures = [Figure.model_validate({"id": str(n), "parts": parts, "whole": 10}) for n, parts in enumerate(listed)]
    schema: Any = frame_schema("statistics")["figures"]
    table = pl.DataFrame(list(map(_plain, figures)), schema=dict(schema.inner), orient="row")
    nodes: dict[str, Expression] = {
        gather: Each(gather, ("parts",), Call("less", (Item(()), Constant(6))) if gather in ("any", "count") else None)
        for gather in ("any", "count", "sum", "min", "max", "distinct", "most")
    }
    nodes["share"] = Call("share", (Fact("sum"), Field(("whole",))))
    assert_alike("figure", nodes, figures, table)


def test_what_is_chosen_before_a_dossier_is_read_is_derived_alike() -> None:
    day = Call("choose", (Constant(value=True), Constant(DATES[1]), Field(("days", "decided"))))
    rank = Lookup("periods", (("on", day),), "rank")
    never = Lookup("periods", (("rank", Constant(0)),), "form")
    nodes: dict[str, Expression] = {
        "alone": Call("month_index", (Call("coalesce", (Constant(DATES[1]),)),)),
        "chosen": Each("latest", ("person", "posts"), None, Field(("post", "title")), rank),
        "never": Each("latest", ("person", "posts"), None, never, Field(("days", "decided"))),
        "stated": Call("stated", (Constant(1),)),
    }
    assert_alike("appointment", nodes, rows(), frame())


FORGETFUL = """
import polars as pl
from cadre_rules.facts.arrays import Table, read_column

def words(*texts):
    return read_column(pl.Series(texts, dtype=pl.Categorical), Table(len(texts))).words[1]

print(words("Huế", "Vinh"), words("Vinh", "Đà Lạt"), words("Huế", "Đà Lạt"))
"""


def test_a_name_is_not_taken_for_one_of_a_table_that_is_gone() -> None:
    told = subprocess.run([sys.executable, "-c", FORGETFUL], capture_output=True, encoding="utf-8", check=True)
    asked = (("Huế", "Vinh"), ("Vinh", "Đà Lạt"), ("Huế", "Đà Lạt"))
    assert told.stdout.strip() == " ".join(str([*map(fold, texts)]) for texts in asked)
