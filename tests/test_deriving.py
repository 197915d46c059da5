"""What a dossier does not state stays unknown through every expression, except where the answer does not need it."""

from datetime import date, timedelta
from itertools import permutations, product
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.values import PartialDate, Span, bounds
from cadre_rules.expression import Call, Constant, Each, Expression, Fact, Field, Gather, Item, Lookup, Within
from cadre_rules.facts.deriving import MAX_TRIED, Deriver, Row, Scope, Tables, find_cell
from cadre_rules.facts.maps import AreaMap
from cadre_rules.facts.operations import settled, span
from cadre_rules.facts.tracing import Tracer

PROVINCES = [
    {"code": "38", "name": "Thanh Hóa", "successor": "38", "successor_name": "Thanh Hóa", "merged_on": date(2025, 7, 1)},
    {"code": "31", "name": "Hải Phòng", "successor": "31", "successor_name": "Hải Phòng", "merged_on": date(2025, 7, 1)},
    {
        "code": "30",
        "name": "Hải Dương",
        "alias": "tỉnh Đông",
        "successor": "31",
        "successor_name": "Hải Phòng",
        "merged_on": date(2025, 7, 1),
    },
]
MONTHS: list[dict[str, Any]] = [
    {"form": "reprimand", "months": 12, "in_force": (None, date(2021, 12, 31))},
    {"form": "reprimand", "months": 24, "in_force": (date(2022, 1, 1), None)},
    {"form": "warning", "months": 36},
    {"form": "warning", "months": 99},
]
BANDS: list[dict[str, Any]] = [
    {"age": (None, 3), "group": "a"},
    {"age": (4, 6), "group": "b"},
    {"age": (7, 9), "group": "a"},
    {"age": (11, None), "group": "a"},
    {"age": None, "group": "x"},
]
TABLES = Tables({"months": tuple(MONTHS), "bands": tuple(BANDS), "none": ()}, AreaMap(PROVINCES))
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)
Y2020, Y2021 = PartialDate(date(2020, 1, 1), date(2020, 12, 31)), PartialDate(date(2021, 1, 1), date(2021, 12, 31))
DEC = PartialDate(date(2020, 12, 1), date(2020, 12, 31))


def value(node: Expression, **fields: Any) -> Any:
    return Scope(Deriver({"it": node}, TABLES), SimpleNamespace(**fields))["it"]


def call(operation: str, *arguments: Any) -> Call:
    nodes = (argument if isinstance(argument, (Call, Field, Item, Each)) else Constant(argument) for argument in arguments)
    return Call(operation, tuple(nodes))


def rows(*given: Any) -> tuple[Any, ...]:
    """Elements of a list: (yes, number, day) each."""
    return tuple(SimpleNamespace(yes=one[0], n=one[1], on=one[2] if len(one) > 2 else None) for one in given)


YES, N, ON = Item(("yes",)), Item(("n",)), Item(("on",))
X = Field(("x",))


@pytest.mark.parametrize(
    ("node", "stated", "expected"),
    [
        (call("coalesce", X, 2), None, 2),
        (call("coalesce", X, 2), 1, 1),
        (call("coalesce", X, X), None, None),
        (call("coalesce", X, True), False, False),
        (call("all", X, False), None, False),
        (call("all", X, True), None, None),
        (call("some", X, True), None, True),
        (call("some", X, False), None, None),
        (call("not", X), None, None),
        (call("not", X), True, False),
        (call("not", X), False, True),
        (call("stated", X), None, False),
        (call("stated", X), False, True),
        (call("stated", X), Y2020, True),
        (call("choose", X, 1, 2), True, 1),
        (call("choose", X, 1, 2), False, 2),
        (call("choose", X, 1, 2), None, None),
        (call("choose", X, 1, 1), None, 1),
        (call("add", X, 1), None, None),
        (call("add", 1, X), None, None),
        (call("add", 1, 2, X), None, None),
        (call("add", 1, 2, X), 3, 6),
        (call("year_of", X), None, None),
        (call("year_of", X), Y2020, 2020),
        (call("equal", X, X), None, None),
        (Field(("x", "y")), None, None),
        (Field(("x", "y")), SimpleNamespace(y=None), None),
        (Field(("x", "y")), SimpleNamespace(y=3), 3),
    ],
)
def test_what_is_not_stated_is_unknown_unless_it_does_not_matter(node: Expression, stated: Any, expected: object) -> None:
    assert value(node, x=stated) == expected
    assert type(value(node, x=stated)) is type(expected)


T, F, U = (True, 1), (False, 2), (None, 4)


@pytest.mark.parametrize(
    ("gather", "listed", "expected"),
    [
        ("any", None, None),
        ("any", (), False),
        ("any", rows(F, U), None),
        ("any", rows(F, U, T), True),
        ("any", rows(F), False),
        ("count", None, None),
        ("count", (), 0),
        ("count", rows(T, F, T), 2),
        ("count", rows(T, U, U), Span(1, 3)),
        ("sum", (), 0),
        ("sum", rows(T, T, F), 2),
        ("sum", rows(T, U), None),
        ("sum", rows((True, None)), None),
        ("sum", rows((True, Span(1, 2)), T), Span(2, 3)),
        ("sum", None, None),
        ("min", (), None),
        ("max", rows(F), None),
        ("max", rows((True, 3), (True, 5), (False, 9)), 5),
        ("min", rows((True, 3), (True, 5), (False, 1)), 3),
        ("max", rows((True, 3), (True, None)), None),
        ("max", rows((True, Span(1, 4)), (True, 3)), Span(3, 4)),
        ("min", rows((True, Y2020), (True, Y2021)), Y2020),
        ("max", rows((True, Y2020), (True, DEC)), DEC),
        ("distinct", (), 0),
        ("distinct", rows((True, "Ủy ban"), (True, "uỷ ban"), (True, "x")), 2),
        ("distinct", rows((True, Y2020), (True, Y2020)), None),
        ("most", (), 0),
        ("most", rows((True, "a"), (True, "b"), (True, "A")), 2),
        ("most", rows((True, "a"), (None, "a")), None),
    ],
)
def test_a_list_is_gathered(gather: Gather, listed: Any, expected: object) -> None:
    node = Each(gather, ("x",), YES, None if gather in ("any", "count") else N)
    assert value(node, x=listed) == expected
    assert type(value(node, x=listed)) is type(expected)


@pytest.mark.parametrize(("gather", "expected"), [("any", False), ("count", 0), ("sum", 0), ("max", None)])
def test_silence_means_none_only_where_the_law_says_so(gather: Gather, expected: object) -> None:
    pick = None if gather in ("any", "count") else N
    assert value(Each(gather, ("x",), YES, pick, silence_means_none=True), x=None) == expected
    assert value(Each(gather, ("x",), YES, pick), x=None) is None
    assert value(Each(gather, ("x",), YES, pick, silence_means_none=True), x=rows(U)) != expected or gather == "max"


@pytest.mark.parametrize(
    ("listed", "latest", "earliest"),
    [
        ((), None, None),
        (rows((True, "a", date(2020, 1, 1)), (True, "b", date(2021, 1, 1))), "b", "a"),
        (rows((True, "a", Y2020), (True, "b", Y2021)), "b", "a"),
        (rows((True, "a", Y2020), (True, "b", Y2020)), None, None),
        (rows((True, "a", Y2020), (True, "A", Y2020)), "a", "a"),
        (rows((True, "a", DEC), (True, "b", Y2020)), None, None),
        (rows((True, "a", DEC), (True, "b", date(2020, 11, 30))), "a", "b"),
        (rows((True, "a", date(2020, 1, 1)), (True, "b", date(2020, 1, 1))), None, None),
        (rows((True, "a", date(2020, 1, 1)), (True, "b", None)), None, None),
        (rows((True, "a", date(2020, 1, 1)), (None, "b", date(2019, 1, 1))), None, None),
        (rows((True, "a", date(2020, 1, 1)), (False, "b", None)), "a", "a"),
    ],
)
def test_the_latest_is_told_only_where_no_other_may_be_later(listed: Any, latest: object, earliest: object) -> None:
    assert value(Each("latest", ("x",), YES, N, ON), x=listed) == latest
    assert value(Each("earliest", ("x",), YES, N, ON), x=listed) == earliest


def test_a_list_of_plain_values_is_its_own_element() -> None:
    assert value(Each("sum", ("x",)), x=(1, 2, 3)) == 6
    assert value(Each("count", ("x",), call("less", Item(()), 3)), x=(1, 2, 3)) == 2


PARTIAL = st.tuples(st.dates(date(2020, 1, 1), date(2020, 1, 9)), st.integers(0, 3)).map(
    lambda p: PartialDate(p[0], p[0] + timedelta(days=p[1])) if p[1] else p[0]
)
ELEMENTS = st.lists(st.tuples(st.sampled_from([True, False, None]), st.sampled_from("ab"), PARTIAL), max_size=3)


def worlds(listed: list[Any]) -> Any:
    """Every exact list a list with unclear elements can mean."""
    choices = []
    for yes, name, on in listed:
        low, high = bounds(on)
        days = [low + timedelta(days=step) for step in range((high - low).days + 1)]
        choices.append([(flag, name, day) for flag in ((True, False) if yes is None else (yes,)) for day in days])
    return product(*choices)


@given(ELEMENTS, st.sampled_from(["any", "count", "latest", "earliest", "min", "max", "distinct", "most"]))
def test_what_is_told_of_an_unclear_list_holds_whatever_it_means(listed: list[Any], gather: Gather) -> None:
    by = ON if gather in ("latest", "earliest") else None
    pick = {"any": None, "count": None, "min": ON, "max": ON}.get(gather, N)
    node = Each(gather, ("x",), YES, pick, by)
    answer = value(node, x=rows(*listed))
    if answer is None:
        return
    low, high = bounds(answer)
    for world in worlds(listed):
        exact = value(node, x=rows(*world))
        assert exact is not None or gather in ("latest", "earliest")
        assert exact is None or (exact == answer if settled(answer) is not None else low <= exact <= high)


@pytest.mark.parametrize(
    ("form", "on", "expected"),
    [
        ("reprimand", date(2021, 12, 31), 12),
        ("reprimand", date(2022, 1, 1), 24),
        ("Reprimand", date(2022, 1, 1), 24),
        ("warning", date(1990, 1, 1), 36),
        ("removal", date(2022, 1, 1), None),
        (None, date(2022, 1, 1), None),
        ("reprimand", None, None),
        ("reprimand", Y2021, 12),
        ("reprimand", PartialDate(date(2021, 12, 31), date(2022, 1, 1)), None),
        ("warning", PartialDate(date(1990, 1, 1), date(2030, 1, 1)), 36),
    ],
)
def test_a_cell_is_looked_up_in_the_row_in_force(form: Any, on: Any, expected: object) -> None:
    node = Lookup("months", (("form", Field(("form",))),), "months", Field(("on",)))
    assert [value(node, form=form, on=on) for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (3, "a"),
        (4, "b"),
        (6, "b"),
        (7, "a"),
        (10, None),
        (11, "a"),
        (-5, "a"),
        (Span(1, 3), "a"),
        (Span(3, 7), None),
        (Span(7, 11), None),
        (Span(4, 6), "b"),
        (Span(12, 99), "a"),
    ],
)
def test_a_spread_of_keys_must_fit_one_answer(age: Any, expected: object) -> None:
    assert value(Lookup("bands", (("age", X),), "group"), x=age) == expected


@given(st.integers(-2, 14), st.integers(0, 8))
def test_a_lookup_by_a_spread_holds_for_every_number_in_it(low: int, width: int) -> None:
    cells = {find_cell(BANDS, {"age": n}, "group") for n in range(low, low + width + 1)}
    assert find_cell(BANDS, {"age": span(low, low + width)}, "group") == (cells.pop() if len(cells) == 1 else None)


def test_a_lookup_with_too_many_possibilities_is_left_unknown() -> None:
    wide = [{"a": n, "b": n, "cell": "same"} for n in range(200)]
    assert find_cell(wide, {"a": Span(0, 199), "b": 5}, "cell") is None
    assert find_cell(wide, {"a": Span(0, MAX_TRIED), "b": Span(0, MAX_TRIED)}, "cell") is None
    assert find_cell((), {"a": 1}, "cell") is None


def area(text: str) -> Area:
    return Area.model_validate(text)


YEN_DINH, THO_XUAN = "huyện Yên Định, tỉnh Thanh Hóa", "huyện Thọ Xuân, Thanh Hoá"


@pytest.mark.parametrize(
    ("one", "other", "level", "on", "expected"),
    [
        (YEN_DINH, THO_XUAN, "province", BEFORE, True),
        (YEN_DINH, THO_XUAN, "district", BEFORE, False),
        (YEN_DINH, "yên định, 38", "district", BEFORE, None),
        (YEN_DINH, "Thanh Hóa", "district", BEFORE, None),
        (YEN_DINH, "Hải Phòng", "district", BEFORE, False),
        (YEN_DINH, "Nơi nào đó", "province", BEFORE, None),
        ("Hải Dương", "Hải Phòng", "province", BEFORE, False),
        ("Hải Dương", "Thành phố Hải Phòng", "province", AFTER, True),
        ("Tỉnh Đông", "30", "province", BEFORE, True),
        ("xã A, " + YEN_DINH, "xã A, " + YEN_DINH, "commune", BEFORE, True),
        ("xã A, " + YEN_DINH, "xã B, " + YEN_DINH, "commune", BEFORE, False),
        ("xã A, " + YEN_DINH, "xã A, " + THO_XUAN, "commune", BEFORE, False),
        ("xã A, Thanh Hóa", "xã A, " + YEN_DINH, "commune", BEFORE, None),
        ("xã A, Thanh Hóa", "xã A, Thanh Hóa", "commune", AFTER, True),
        ("xã A, Thanh Hóa", "Thanh Hóa", "commune", AFTER, None),
        (None, YEN_DINH, "province", BEFORE, None),
        (YEN_DINH, YEN_DINH, "province", None, None),
        (YEN_DINH, YEN_DINH, "province", PartialDate(BEFORE, AFTER), None),
    ],
)
def test_places_are_compared_by_the_map_of_the_day(one: Any, other: Any, level: str, on: Any, expected: object) -> None:
    node = Within(Field(("one",)), Field(("other",)), Constant(level), Field(("on",)))
    for left, right in permutations((one, other)):
        assert value(node, one=left and area(left), other=right and area(right), on=on) is expected


def test_only_the_facts_asked_for_are_derived_and_those_they_read() -> None:
    deriver = Deriver({"one": X, "two": Call("add", (Fact("one"), Constant(1))), "other": Field(("missing",))}, TABLES)
    row = Row(Scope(deriver, SimpleNamespace(x=1)))
    assert row.get("two") is None
    assert row["two"] == 2
    assert (row, row.scope) == ({"two": 2}, {"one": 1, "two": 2})


def test_rules_see_only_exact_facts() -> None:
    deriver = Deriver({"one": X, "two": Each("count", ("l",), YES)}, TABLES)
    row = Row(Scope(deriver, SimpleNamespace(x=Y2020, l=rows(U))))
    assert [row["one"], row["two"]] == [None, None]
    assert row == {"one": None, "two": None}


def traced(node: Expression, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    deriver = Deriver({"it": node}, TABLES)
    trace = Tracer(Scope(deriver, SimpleNamespace(**fields))).trace("it")
    return trace.read, list(trace.missing)


Y = Field(("y",))


@pytest.mark.parametrize(
    ("node", "fields", "read", "missing"),
    [
        (X, {"x": 1}, {"x": 1}, []),
        (X, {"x": None}, {}, ["x"]),
        (X, {"x": Y2020}, {"x": Y2020}, ["x"]),
        (call("add", X, Y), {"x": 1, "y": None}, {}, ["y"]),
        (call("add", X, Y), {"x": 1, "y": 2}, {"x": 1, "y": 2}, []),
        (call("coalesce", X, Y), {"x": None, "y": 2}, {"y": 2}, []),
        (call("coalesce", X, Y), {"x": None, "y": None}, {}, ["x", "y"]),
        (call("all", X, Y), {"x": False, "y": None}, {"x": False}, []),
        (call("all", X, Y), {"x": True, "y": None}, {}, ["y"]),
        (call("some", X, Y), {"x": True, "y": None}, {"x": True}, []),
        (call("some", X, Y), {"x": False, "y": None}, {}, ["y"]),
        (call("some", X, Y), {"x": False, "y": False}, {"x": False, "y": False}, []),
        (call("choose", X, Y, 2), {"x": True, "y": None}, {"x": True}, ["y"]),
        (call("choose", X, Y, 2), {"x": False, "y": None}, {"x": False}, []),
        (call("choose", X, Y, 2), {"x": None, "y": 1}, {}, ["x"]),
        (Each("any", ("x",), YES), {"x": None}, {}, ["x"]),
        (Each("any", ("x",), YES, silence_means_none=True), {"x": None}, {}, []),
        (Each("any", ("x",), YES), {"x": ()}, {"x": 0}, []),
        (Each("any", ("x",), YES), {"x": rows(F, U)}, {}, ["x[1].yes"]),
        (Each("count", ("x",), YES), {"x": rows(T, F)}, {"x[0].yes": True}, []),
        (Each("sum", ("x",), None, N), {"x": rows(T, (True, None))}, {"x[0].n": 1}, ["x[1].n"]),
        (Each("count", ("x",), YES), {"x": rows(*[T] * 6)}, {f"x[{n}].yes": True for n in range(5)} | {"x": 6}, []),
        (
            Within(X, Y, Constant("district"), Constant(BEFORE)),
            {"x": area(YEN_DINH), "y": area("Thanh Hóa")},
            {"x": area(YEN_DINH), "y": area("Thanh Hóa")},
            ["y.district"],
        ),
        (Within(X, Y, Constant("district"), Constant(BEFORE)), {"x": area(YEN_DINH), "y": None}, {"x": area(YEN_DINH)}, ["y"]),
    ],
)
def test_a_fact_is_traced_to_what_it_was_read_from_and_what_is_missing(
    node: Expression, fields: dict[str, Any], read: dict[str, Any], missing: list[str]
) -> None:
    assert traced(node, **fields) == (read, missing)
