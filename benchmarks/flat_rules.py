"""The same hundred flat rules on the same rows, in one run: our matchers, their peers, and hand-written Python.

python benchmarks/flat_rules.py [--rows 5000] [--repeat 5]

Every engine must give the same answers on every row, or nothing is printed. Repetitions are interleaved (A B C A B C …)
and the median is told, so that a busy machine is unfair to all alike.
"""

import argparse
import json
import platform
import random
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from itertools import compress
from statistics import median
from typing import Any, TypeAlias

from cadre_rules.engine.plain import PlainMatcher
from cadre_rules.engine.single import SingleMatcher
from cadre_rules.formula import FactTest, Formula, Scalar

Row: TypeAlias = Mapping[str, Scalar | None]
Answer: TypeAlias = Callable[[Row], Iterable[str]]
"""The names of the rules a row makes true."""

FACTS, RULES, UNKNOWN = 60, 100, 0.15
POSTS = ("Bí thư", "Phó Bí thư", "Chủ tịch", "Phó Chủ tịch", "Giám đốc", "Trưởng phòng")
OURS = "cadre_rules matcher"
PEERS = ("zen-engine", "rule-engine", "common-expression-language")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    chance = random.Random(2026)
    rules = make_rules(chance)
    rows = [make_row(chance) for _ in range(options.rows)]
    engines = {name: prepare(rules) for name, prepare in CONTESTANTS.items()}
    agree(engines, rows)
    print_table(measure(engines, rows, options.repeat), len(rows), options.repeat)


def make_rules(chance: random.Random) -> dict[str, Formula]:
    """Return rules of two to four tests, each a third of numbers, texts and yes or no."""
    facts = [f"fact_{number}" for number in range(FACTS)]
    return {
        f"rule_{number}": (tuple(make_test(fact, chance) for fact in chance.sample(facts, chance.randint(2, 4))),)
        for number in range(RULES)
    }


def make_test(fact: str, chance: random.Random) -> FactTest:
    match kind_of(fact):
        case "int":
            return FactTest(fact, chance.choice(("<", "<=", ">", ">=")), (chance.randint(0, 100),))
        case "str":
            return FactTest(fact, chance.choice(("in", "not in")), tuple(chance.sample(POSTS, chance.randint(1, 3))))
        case _:
            return FactTest(fact, "in", (chance.random() < 0.5,))


def make_row(chance: random.Random) -> Row:
    def value(kind: str) -> Scalar:
        values: dict[str, Scalar] = {
            "int": chance.randint(0, 100),
            "str": chance.choice(POSTS),
            "bool": chance.random() < 0.5,
        }
        return values[kind]

    facts = (f"fact_{number}" for number in range(FACTS))
    return {fact: None if chance.random() < UNKNOWN else value(kind_of(fact)) for fact in facts}


def kind_of(fact: str) -> str:
    return ("int", "str", "bool")[int(fact.removeprefix("fact_")) % 3]


def agree(engines: Mapping[str, Answer], rows: Iterable[Row]) -> None:
    """Assert that every engine answers alike on every row."""
    for row in rows:
        answers = {name: frozenset(answer(row)) for name, answer in engines.items()}
        differing = [name for name, found in answers.items() if found != answers[OURS]]
        assert not differing, f"{', '.join(differing)} differ from {OURS} on {row}"


def measure(engines: Mapping[str, Answer], rows: list[Row], repeat: int) -> dict[str, float]:
    """Return the median microseconds a row of every engine."""
    taken: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(repeat):
        for name, answer in engines.items():
            start = time.perf_counter()
            for row in rows:
                answer(row)
            taken[name].append((time.perf_counter() - start) / len(rows) * 1e6)
    return {name: median(times) for name, times in taken.items()}


def print_table(taken: Mapping[str, float], rows: int, repeat: int) -> None:
    ours = taken[OURS]
    print(f"{RULES} rules, {rows:,} rows, median of {repeat}; Python {platform.python_version()}\n")
    print("| engine | rows/s | µs a row | time against ours |\n|---|---:|---:|---:|")
    for name, micros in taken.items():
        print(f"| {name} | {1e6 / micros:,.0f} | {micros:,.1f} | {micros / ours:.2f} |")
    print()
    for peer in PEERS:
        best = min(micros for name, micros in taken.items() if name.startswith(peer))
        print(f"{'met' if ours < best else 'MISSED'}: ours against the fastest way of {peer}: {best / ours:.2f} times as fast")


def plain(rules: Mapping[str, Formula]) -> Answer:
    return _answer(PlainMatcher(rules), rules)


def verified(rules: Mapping[str, Formula]) -> Answer:
    """Our matcher for one dossier: durable_rules, believed only where the plain matcher agrees."""
    warnings.simplefilter("error")
    return _answer(SingleMatcher(rules), rules)


def _answer(matcher: PlainMatcher | SingleMatcher, rules: Mapping[str, Formula]) -> Answer:
    part, plain = matcher.part(rules), matcher.plain if isinstance(matcher, SingleMatcher) else matcher
    clauses = [(name, plain.clauses_of([name])) for name in rules]

    def answer(row: Row) -> Iterable[str]:
        standing = part.standing(row)
        return [name for name, of_it in clauses if standing & of_it]

    return answer


def handwritten(rules: Mapping[str, Formula]) -> Answer:
    """One Python function a rule, as a programmer would write it: the least that calling rule by rule can cost."""
    functions = {name: eval(f"lambda row: {_python(rule)}") for name, rule in rules.items()}

    def answer(row: Row) -> Iterable[str]:
        return [name for name, holds in functions.items() if holds(row)]

    return answer


def handwritten_at_once(rules: Mapping[str, Formula]) -> Answer:
    """All rules in one Python function: no engine can be faster and still be Python."""
    lines = ["def answer(row):", " said = []"]
    for name, rule in rules.items():
        lines += [f" if {_python(rule)}:", f"  said.append({name!r})"]
    space: dict[str, Answer] = {}
    exec("\n".join([*lines, " return said"]), space)
    return space["answer"]


def durable(rules: Mapping[str, Formula]) -> Answer:
    """durable_rules as its reference shows it: rulesets of at most sixty rules, a fact asserted and retracted."""
    from durable.engine import MessageNotHandledException
    from durable.lang import assert_fact, m, retract_fact, ruleset, when_all

    said: list[str] = []

    def saying(rule: str) -> Callable[[object], None]:
        return lambda _context: said.append(rule)

    items = list(rules.items())
    names = [f"set_{start}" for start in range(0, len(items), 60)]
    for name, start in zip(names, range(0, len(items), 60), strict=True):
        with ruleset(name):
            for rule, formula in items[start : start + 60]:
                when_all(_durable(formula, m))(saying(rule))

    def answer(row: Row) -> Iterable[str]:
        said.clear()
        fact = {"id": 1, **{name: value for name, value in row.items() if value is not None}}
        for name in names:
            for tell in (assert_fact, retract_fact):
                try:
                    tell(name, fact)
                except MessageNotHandledException:  # told of every fact that makes no rule true
                    break
        return said

    return answer


def _durable(formula: Formula, m: Any) -> Any:
    (clause,) = formula
    whole: Any = None
    for test in clause:
        fact, first = getattr(m, test.fact), test.constants[0]
        match test.relation:
            case "in":
                part = fact == first
                for constant in test.constants[1:]:
                    part |= getattr(m, test.fact) == constant
            case "not in":
                part = fact != first
                for constant in test.constants[1:]:
                    part &= getattr(m, test.fact) != constant
                part &= +getattr(m, test.fact)
            case relation:
                part = {"<": fact.__lt__, "<=": fact.__le__, ">": fact.__gt__, ">=": fact.__ge__}[relation](first)
        whole = part if whole is None else whole & part
    return whole


def zen_at_once(rules: Mapping[str, Formula]) -> Answer:
    """The fastest way we found: one compiled expression that is the array of all answers, so a row crosses over once."""
    import zen

    every: Any = zen.compile_expression(f"[{', '.join(_zen(rule) for rule in rules.values())}]")
    names = list(rules)
    return lambda row: list(compress(names, every.evaluate(row)))


def zen_table(rules: Mapping[str, Formula]) -> Answer:
    """A decision table, precompiled as the documentation advises, collecting every rule that matches."""
    import zen

    content = {
        "hitPolicy": "collect",
        "inputs": [{"id": "when", "name": "when"}],
        "outputs": [{"id": "rule", "field": "rule", "name": "rule"}],
        "rules": [{"_id": name, "when": _zen(rule), "rule": json.dumps(name)} for name, rule in rules.items()],
    }
    nodes: list[dict[str, Any]] = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "table", "type": "decisionTableNode", "name": "table", "content": content},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    for node in nodes:
        node["position"] = {"x": 0, "y": 0}
    edges = [
        {"id": f"{one}-{other}", "sourceId": one, "targetId": other, "type": "edge"}
        for one, other in (("in", "table"), ("table", "out"))
    ]
    graph = json.dumps({"nodes": nodes, "edges": edges})
    decision: Any = zen.ZenEngine().create_decision(zen.ZenDecisionContent(graph))
    return lambda row: [matched["rule"] for matched in decision.evaluate(row)["result"]]


def zen_each(rules: Mapping[str, Formula]) -> Answer:
    import zen

    compiled: dict[str, Any] = {name: zen.compile_expression(_zen(rule)) for name, rule in rules.items()}
    return lambda row: [name for name, expression in compiled.items() if expression.evaluate(row)]


def rule_engine_each(rules: Mapping[str, Formula]) -> Answer:
    """Rules parsed once, in a context that knows every type."""
    import rule_engine

    context = _rule_engine_context()
    compiled = {name: rule_engine.Rule(_rule_engine(rule), context=context) for name, rule in rules.items()}
    return lambda row: [name for name, rule in compiled.items() if rule.matches(row)]


def rule_engine_at_once(rules: Mapping[str, Formula]) -> Answer:
    import rule_engine

    text = f"[{', '.join(_rule_engine(rule) for rule in rules.values())}]"
    every = rule_engine.Rule(text, context=_rule_engine_context())
    names = list(rules)
    return lambda row: list(compress(names, every.evaluate(row)))


def _rule_engine_context() -> Any:
    import rule_engine

    kinds = {"int": rule_engine.DataType.FLOAT, "str": rule_engine.DataType.STRING, "bool": rule_engine.DataType.BOOLEAN}
    types = {f"fact_{number}": kinds[kind_of(f"fact_{number}")] for number in range(FACTS)}
    resolver = rule_engine.type_resolver_from_dict(types)
    return rule_engine.Context(type_resolver=resolver, resolver=rule_engine.resolve_item)


def cel_at_once(rules: Mapping[str, Formula]) -> Answer:
    import cel

    every: Any = cel.compile(f"[{', '.join(_cel(rule) for rule in rules.values())}]")
    names = list(rules)
    return lambda row: list(compress(names, every.execute(row)))


def cel_each(rules: Mapping[str, Formula]) -> Answer:
    """Programs compiled once, sharing one context a row."""
    import cel

    compiled: dict[str, Any] = {name: cel.compile(_cel(rule)) for name, rule in rules.items()}

    def answer(row: Row) -> Iterable[str]:
        context: Any = cel.Context(dict(row))
        return [name for name, program in compiled.items() if program.execute(context)]

    return answer


def _python(rule: Formula) -> str:
    return _written(rule, " and ", "row['{}']", "None", "{} in {}", "{} not in {}", "({})", repr)


def _zen(rule: Formula) -> str:
    return _written(rule, " and ", "{}", "null", "{} in {}", "{} not in {}", "[{}]", _literal)


def _rule_engine(rule: Formula) -> str:
    return _written(rule, " and ", "{}", "null", "{} in {}", "not {} in {}", "[{}]", _literal)


def _cel(rule: Formula) -> str:
    return _written(rule, " && ", "{}", "null", "{} in {}", "!({} in {})", "[{}]", _literal)


def _literal(value: Scalar) -> str:
    return json.dumps(value, ensure_ascii=False)


def _written(
    rule: Formula, land: str, name: str, null: str, within: str, without: str, listed: str, literal: Callable[[Any], str]
) -> str:
    """Write a rule as an expression that is false, and no error, of what is not stated."""
    (clause,) = rule
    parts = []
    for test in clause:
        fact, constants = name.format(test.fact), [literal(constant) for constant in test.constants]
        several = listed.format(", ".join(constants))
        match test.relation:
            case "in":
                parts.append(f"{fact} == {constants[0]}" if len(constants) == 1 else within.format(fact, several))
            case "not in":
                unlike = f"{fact} != {constants[0]}" if len(constants) == 1 else without.format(fact, several)
                parts.append(f"{fact} != {null}{land}{unlike}")
            case relation:
                parts.append(f"{fact} != {null}{land}{fact} {relation} {constants[0]}")
    return land.join(parts)


CONTESTANTS: dict[str, Callable[[Mapping[str, Formula]], Answer]] = {
    OURS: plain,
    "cadre_rules, durable_rules verified": verified,
    "durable_rules, as its reference shows": durable,
    "zen-engine, all rules in one expression": zen_at_once,
    "zen-engine, a decision table": zen_table,
    "zen-engine, an expression a rule": zen_each,
    "rule-engine, a rule a rule": rule_engine_each,
    "rule-engine, all rules in one expression": rule_engine_at_once,
    "common-expression-language, a program a rule": cel_each,
    "common-expression-language, all rules in one": cel_at_once,
    "Python by hand, a function a rule": handwritten,
    "Python by hand, one function": handwritten_at_once,
}


if __name__ == "__main__":
    main()
