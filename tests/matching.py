"""What a matcher says of a row, formula by formula."""

from collections.abc import Iterable, Mapping

from cadre_rules.engine.plain import PlainMatcher
from cadre_rules.engine.single import SingleMatcher
from cadre_rules.formula import Clause, Scalar


def fired(
    matcher: PlainMatcher | SingleMatcher, row: Mapping[str, Scalar | None], names: Iterable[str] | None = None
) -> dict[str, Clause]:
    """The first true clause of every formula, of those named, that the row makes true."""
    plain = matcher.plain if isinstance(matcher, SingleMatcher) else matcher
    asked = tuple(plain.named if names is None else names)
    standing = matcher.part(asked).standing(row)
    told = {name: [clause for bit, clause in plain.named.get(name, ()) if standing & bit] for name in asked}
    return {name: clauses[0] for name, clauses in told.items() if clauses}
