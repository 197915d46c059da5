"""Write definitions as Python: a function each, straight down, with the unknown met where it arises.

The text is made of the closed set of nodes alone. What authors write comes in as named values, never as text, and the
names of fields only where they are identifiers. What is read is read once; what settles an answer ends the asking.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any, NamedTuple, assert_never

from cadre_rules import expression as ex
from cadre_rules.facts.gathering import GATHER
from cadre_rules.facts.operations import STRICT, settled, span
from cadre_rules.names import fold

_NAMES: dict[str, Any] = {
    "fold": fold,
    "settled": settled,
    "span": span,
    **{f"do_{name}": function for name, function in STRICT.items()},
    **{f"gather_{name}": function for name, function in GATHER.items()},
}
"""What the text calls by name."""


class Written(NamedTuple):
    """A definition written down: code that takes a scope, and the values it names `k0`, `k1` … in their order."""

    code: CodeType
    values: tuple[Any, ...]

    def function(self, finder: Callable[[ex.Lookup], Callable[..., Any]], same_area: Callable[..., Any]) -> Callable[[Any], Any]:
        """Return what computes it; a look-up among the values stands for what finds its cells."""
        values = {f"k{n}": finder(value) if isinstance(value, ex.Lookup) else value for n, value in enumerate(self.values)}
        return FunctionType(self.code, {**_NAMES, **values, "same_area": same_area})


def write(node: ex.Expression) -> Written:
    """Return a definition written down as Python, no part of which is authored."""
    body = _Body()
    code: CodeType = compile(f"def made(scope):\n{body.text(node)}", "<definition>", "exec").co_consts[0]
    return Written(code, tuple(value for _, value in body.named))


class _Body:
    """The text of one function, written from its first line to its last."""

    def __init__(self) -> None:
        self.named: dict[tuple[type, Any], str] = {}
        """Values by their type too, as yes is not 1, and how the text refers to each."""
        self._lines: list[str] = []
        self._indent = " "
        self._count = 0
        self._known: dict[ex.Expression, str] = {}
        self._item = "scope.item"
        """How the text refers to the element at hand."""

    def text(self, node: ex.Expression) -> str:
        self._line("root = scope.root")
        self._line(f"return {self._value(node)}")
        return "\n".join(self._lines)

    def _name(self, value: Any) -> str:
        """Return how the text refers to a value."""
        return self.named.setdefault((type(value), value), f"k{len(self.named)}")

    def _line(self, text: str) -> None:
        self._lines.append(self._indent + text)

    def _set(self, text: str) -> str:
        """Write down a new value and return its name."""
        self._count += 1
        self._line(f"v{self._count} = {text}")
        return f"v{self._count}"

    @contextmanager
    def _under(self, head: str) -> Iterator[None]:
        """Write a block; what is computed in it is not known after it."""
        known, indent, start = self._known.copy(), self._indent, len(self._lines)
        self._indent += " "
        yield
        if len(self._lines) > start:
            self._lines.insert(start, indent + head)
        self._known, self._indent = known, indent

    def _value(self, node: ex.Expression) -> str:
        """Write what computes the node, unless it is a field or fact already read, and return the name of its value."""
        if not isinstance(node, (ex.Field, ex.Item, ex.Fact)):
            return self._written(node)
        if node not in self._known:
            self._known[node] = self._written(node)
        return self._known[node]

    def _written(self, node: ex.Expression) -> str:
        match node:
            case ex.Constant(value):
                return self._name(value)
            case ex.Field(path) | ex.Item(path):
                return self._path(node, path)
            case ex.Fact(name):
                return self._set(f"scope[{self._name(name)}]")
            case ex.Call(operation, arguments):
                return self._call(operation, arguments)
            case ex.Each():
                return self._each(node)
            case ex.Lookup():
                asked = [self._value(part) for part in ex.children(node)]
                return self._stated(asked, f"{self._name(node)}(({', '.join(asked)},))")
            case ex.Within(area, other, level, on):
                asked = [self._value(part) for part in (area, other, level)]
                asked.append(self._set(f"settled({self._value(on)})"))
                return self._stated(asked, f"same_area({', '.join(asked)})")
            case ex.Outcomes():
                return self._set(f"scope.tally.outcomes({self._name(node)}) if scope.tally else None")
            case ex.Exceptions(state):
                return self._set(f"scope.tally.exceptions({self._name(state)}) if scope.tally else None")
            case ex.Parameter(name):
                raise AssertionError(f"parameter {name} was not resolved")
            case _:
                assert_never(node)

    def _path(self, node: ex.Field | ex.Item, path: tuple[str, ...]) -> str:
        """Read a field, unknown where a part of the way there is."""
        assert all(name.isidentifier() for name in path)
        if len(path) < 2:
            return self._set(".".join(("root" if isinstance(node, ex.Field) else self._item, *path)))
        whole = self._value(type(node)(path[:-1]))
        return self._set(f"None if {whole} is None else {whole}.{path[-1]}")

    def _stated(self, asked: Sequence[str], text: str) -> str:
        """Write a value that is unknown where something asked is."""
        unknown = " or ".join(f"{name} is None" for name in dict.fromkeys(asked) if name[0] == "v")
        return self._set(f"None if {unknown} else {text}" if unknown else text)

    def _call(self, operation: str, arguments: Sequence[ex.Expression]) -> str:
        first, *rest = arguments
        match operation:
            case "all":
                return self._in_turn(arguments, "is not False", "is not True")
            case "some":
                return self._in_turn(arguments, "is not True", "is not False")
            case "coalesce":
                return self._in_turn(arguments, "is None", "is not None")
            case "choose":
                return self._choose(self._value(first), *rest)
            case "stated":
                return self._set(f"{self._set(self._value(first))} is not None")
            case "not":
                return self._stated([value := self._value(first)], f"not {value}")
            case "one_of" | "equal" if (texts := _texts(rest[0])) is not None:
                return self._stated([value := self._value(first)], f"fold({value}) in {self._name(texts)}")
            case name:
                asked = [self._value(argument) for argument in arguments]
                return self._stated(asked, f"do_{name}({', '.join(asked)})")

    def _in_turn(self, arguments: Sequence[ex.Expression], asking: str, telling: str) -> str:
        """Take the first answer; while it is such that more are asked, each that tells more is taken instead."""
        answer = self._set(self._value(arguments[0]))
        for argument in arguments[1:]:
            with self._under(f"if {answer} {asking}:"):
                value = self._value(argument)
                self._line(f"if {value} {telling}: {answer} = {value}")
        return answer

    def _choose(self, test: str, yes: ex.Expression, no: ex.Expression) -> str:
        """Take what the test chooses; where it is open, what both ways agree on."""
        with self._under(f"if {test} is not False:"):
            left = self._value(yes)
        with self._under(f"if {test} is not True:"):
            right = self._value(no)
        return self._set(f"{left} if {test} or {test} is None and {left} == {right} else None if {test} is None else {right}")

    def _each(self, node: ex.Each) -> str:
        listed = self._value(ex.Field(node.path))
        if node.silence_means_none:
            listed = self._set(f"() if {listed} is None else {listed}")
        answer = self._set("None")
        with self._under(f"if {listed} is not None:"):
            for part in ex.walk(node):
                if isinstance(part, (ex.Field, ex.Fact)):  # the same for every element
                    self._value(part)
            sure, unsure = self._set("[]"), self._set("0")
            with self._under(f"for item in {listed}:"):
                self._item = "item"
                wanted = self._value(node.where) if node.where is not None else "True"
                with self._under(f"if {wanted}:"):
                    self._keep(node, sure)
                self._line(f"elif {wanted} is None: {unsure} += 1")
            self._item = "scope.item"
            self._line(f"{answer} = gather_{node.gather}({sure}, {unsure})")
        return answer

    def _keep(self, node: ex.Each, sure: str) -> None:
        if node.gather == "any":
            self._line(f"{sure} = True; break")
        elif node.gather == "count":
            self._line(f"{sure}.append(item)")
        else:
            pick = node.pick or ex.Item(())
            self._line(f"{sure}.append(({self._value(pick)}, {self._value(node.by or pick)}))")


def _texts(node: ex.Expression) -> frozenset[str] | None:
    """Return the texts a constant holds, as they compare, if it holds texts."""
    if isinstance(node, ex.Constant) and isinstance(node.value, (str, tuple)):
        return frozenset(fold(str(text)) for text in ([node.value] if isinstance(node.value, str) else node.value))
    return None
