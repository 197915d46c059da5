"""Rule files as their authors write them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from cadre_rules.formula import Kind, Scalar
from cadre_rules.names import clean

Slug: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]
FactName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
ProvisionId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9.\-]*$", max_length=40)]
Grade: TypeAlias = Literal["confirmed", "partial", "recalled", "inferred"]
GRADES: tuple[Grade, ...] = ("confirmed", "partial", "recalled", "inferred")
Force: TypeAlias = Literal["must", "must_not", "target", "encouraged", "indicator", "judgement"]
HangsOn: TypeAlias = Literal["process_started", "file_received", "decided", "effective"]
SubjectKind: TypeAlias = Literal[
    "appointment", "planning", "planning_entry", "body", "unit", "leader", "statistics", "figure", "head"
]
Outcome: TypeAlias = Literal["satisfied", "violated", "excepted", "not_applicable", "undetermined"]
OUTCOMES: tuple[Outcome, ...] = ("satisfied", "violated", "excepted", "not_applicable", "undetermined")


class _Authored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True, defer_build=True)


def _one_line(raw: object) -> object:
    return clean(raw) if isinstance(raw, str) else raw


Item = TypeVar("Item")
Many: TypeAlias = Annotated[tuple[Item, ...], Strict(strict=False)]
"""Several of a kind, written as a list."""
Line: TypeAlias = Annotated[str, BeforeValidator(_one_line), Field(min_length=1, max_length=2_000)]


class _Cited(_Authored):
    """What holds only because a provision says so."""

    provision: ProvisionId


class Words(_Authored):
    """A text in Vietnamese and English."""

    vi: Line
    en: Line

    def of(self, lang: str) -> str:
        """Return the text in one language."""
        return self.en if lang == "en" else self.vi


class Window(_Authored):
    """From a day, up to but not including another; an end not given is open."""

    starts: date | None = Field(default=None, alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.starts and self.until and self.until <= self.starts:
            raise ValueError("until must come after from")
        return self

    @property
    def first(self) -> date:
        """Return the first day, the first possible one of an open end."""
        return self.starts or date.min

    @property
    def last(self) -> date:
        """Return the day before which it ends, the last possible one of an open end."""
        return self.until or date.max

    def covers(self, day: date) -> bool:
        """Tell whether the day lies in the window."""
        return (self.starts is None or self.starts <= day) and (self.until is None or day < self.until)

    def meets(self, other: "Window") -> bool:
        """Tell whether some day lies in both."""
        return self.first < other.last and other.first < self.last

    def changes(self, others: Iterable["Window"]) -> list[date]:
        """Return its first day and those within it on which one of the others begins or has ended."""
        ends = {end for other in (self, *others) for end in (other.first, other.last)}
        return sorted(end for end in ends if self.first <= end < self.last)

    def cut(self, others: Iterable["Window"]) -> Iterator["Window"]:
        """Yield its parts, cut where one of the others begins or has ended."""
        for first, last in pairwise([*self.changes(others), self.last]):
            ends = {"starts": first if first > date.min else None, "until": last if last < date.max else None}
            yield Window.model_validate(ends)


ALL_TIME = Window()


class Pack(_Authored):
    """What a pack is, and up to which day its law was reviewed."""

    name: Slug
    version: Line
    title: Words
    languages: Many[Literal["vi", "en"]]
    maintainers: Many[Line] = ()
    reviewed_to: Mapping[Literal["state", "party", "local"], date]
    extends: Slug | None = None


class LeftOut(_Authored):
    """Why nothing rests on a provision."""

    because: Literal["not_observable", "too_weak", "open", "no_living_object", "organisational"]
    why: Line


class Provision(_Authored):
    """An article or clause: what it says in our words, how binding, and how well we know it."""

    id: ProvisionId
    article: Line | None = None
    clause: Line | None = None
    says: Words
    modality: Line
    evidence: Grade
    asks_for: Many[str] = ()
    link: Line | None = None
    note: Line | None = None
    instrument: Slug | None = None
    left_out: LeftOut | None = None


class Instrument(_Authored):
    """A legal text, keyed by number and date."""

    id: Slug
    number: Line
    issuer: Words
    title: Words
    issued: date | None = None
    in_force: Window
    replaced_by: Slug | None = None
    link: Line | None = None
    note: Line | None = None


class Parameter(_Cited):
    """A named value the law sets for a time."""

    id: FactName
    kind: Literal["int", "str", "date", "list"]
    value: int | str | date | Many[str]
    in_force: Window = ALL_TIME
    label: Words
    stricter: Literal["higher", "lower"] | None = None


class Table(_Cited):
    """Dated rows, one kind per column; a `band` cell is a pair of bounds, both included."""

    id: FactName
    label: Words
    columns: Mapping[FactName, Literal["str", "int", "date", "bool", "date_band", "int_band"]]
    rows: Many[Mapping[str, Any]]


class Definition(_Authored):
    """How a fact is derived, for which subjects, when, and by what text."""

    id: FactName
    kind: Kind
    subject: Many[SubjectKind] = Field(min_length=1)
    label: Words
    value: Any
    in_force: Window = ALL_TIME
    provision: ProvisionId | None = None
    unit: Literal["months", "years", "days", "percent", "people", "times", "age"] | None = None
    profile: Slug | None = None
    note: Line | None = None


class ParameterRef(_Authored):
    """A constant the pack names."""

    param: FactName


Constant: TypeAlias = Scalar | ParameterRef


class Test(_Authored):
    """One fact against one constant, e.g. `{fact: age_months, at_most: 660}`."""

    fact: FactName
    equals: Constant | None = None
    at_least: int | date | ParameterRef | None = None
    at_most: int | date | ParameterRef | None = None
    above: int | date | ParameterRef | None = None
    below: int | date | ParameterRef | None = None
    one_of: Annotated[Many[Scalar], Field(min_length=1, max_length=24)] | ParameterRef | None = None
    stated: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if len(self.model_fields_set - {"fact"}) != 1 or self.comparison[1] is None:
            raise ValueError(f"a test needs exactly one of: {', '.join(COMPARISONS)}")
        return self

    @property
    def comparison(self) -> tuple[str, Any]:
        """Return the comparison made and its constant."""
        name = next(name for name in COMPARISONS if name in self.model_fields_set)
        return name, getattr(self, name)


COMPARISONS = ("equals", "at_least", "at_most", "above", "below", "one_of", "stated")


class Every(_Authored):
    """Holds when every member holds."""

    every: Many["Condition"] = Field(min_length=1)


class Some(_Authored):
    """Holds when at least one member holds."""

    some: Many["Condition"] = Field(min_length=1)


class Not(_Authored):
    """Holds when its member is proved false."""

    negated: "Condition" = Field(alias="not")


def _shape(raw: object) -> str:
    keys = raw if isinstance(raw, Mapping) else getattr(type(raw), "model_fields", {})
    return next((kind for kind in ("every", "some", "not", "negated") if kind in keys), "test")


Condition: TypeAlias = Annotated[
    Annotated[Every, Tag("every")]
    | Annotated[Some, Tag("some")]
    | Annotated[Not, Tag("not")]
    | Annotated[Not, Tag("negated")]
    | Annotated[Test, Tag("test")],
    Discriminator(_shape),
]


class Escape(_Cited):
    """The special case a text allows: who may decide it, and by when."""

    levels: Many[Literal["central", "province", "district", "commune", "unit"]] = ()
    before: HangsOn | Literal["rotation_ends", "term_ends"] = "decided"
    by: Words


class NotEncoded(_Authored):
    """A part of the text no data can settle, told beside the finding."""

    text: Words
    reason: Words


class Rule(_Authored):
    """One version of one obligation a decision can meet or breach."""

    id: Slug
    topic: Slug
    criteria: Many[Annotated[str, Field(pattern=r"^S\d{1,2}$")]] = ()
    tags: Many[Slug] = ()
    subject: Many[SubjectKind] = Field(min_length=1)
    provisions: Many[ProvisionId] = Field(min_length=1)
    force: Force
    in_force: Window
    hangs_on: HangsOn = "decided"
    revision: int = 1
    after_gap: Words | None = None
    title: Words
    applies_when: Condition | None = None
    requires: Condition
    exception: Escape | None = None
    rival: Slug | None = None
    protected: Many[str] = ()
    fidelity: Literal["exact", "may_over_report", "may_under_report"] = "exact"
    fidelity_reason: Words | None = None
    needs_review: Words | None = None
    message: Words
    remedy: Words
    responsible: Words | None = None
    questions: Many[Words] = ()
    not_encoded: Many[NotEncoded] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.fidelity != "exact" and self.fidelity_reason is None:
            raise ValueError(f"fidelity {self.fidelity} needs a fidelity_reason")
        if self.force == "judgement" and not self.questions:
            raise ValueError("a judgement needs the questions people must answer")
        return self


class SwitchOff(_Cited):
    """A rule of the pack below that does not hold here, and why."""

    rule: Slug
    reason: Words


class Tighten(_Cited):
    """A stricter value for a parameter of the pack below."""

    parameter: FactName
    value: int
    in_force: Window


class Profile(_Cited):
    """Which of several definitions of one fact holds here."""

    fact: FactName
    use: Slug


class RuleFile(_Authored):
    """One article's or topic's worth of law."""

    pack: Pack | None = None
    instrument: Instrument | None = None
    instruments: Many[Instrument] = ()
    provisions: Many[Provision] = ()
    parameters: Many[Parameter] = ()
    tables: Many[Table] = ()
    definitions: Many[Definition] = ()
    rules: Many[Rule] = ()
    switch_off: Many[SwitchOff] = ()
    tighten: Many[Tighten] = ()
    profiles: Many[Profile] = ()

    @field_validator("provisions")
    @classmethod
    def _in_an_instrument(cls, provisions: tuple[Provision, ...], info: ValidationInfo) -> tuple[Provision, ...]:
        """Let a provision that names no instrument stand in that of its file."""
        own = info.data["instrument"].id if info.data.get("instrument") is not None else ""
        return tuple(one.model_copy(update={"instrument": one.instrument or own}) for one in provisions)


class Case(_Authored):
    """A worked example: the base dossier with these fields, judged, comes out so."""

    rule: Slug
    expect: Outcome | Literal["not_in_force"]
    says: Line | None = None
    use: str = "base"
    given: Mapping[str, Any] = Field(default_factory=dict, alias="with")
    on: Many[date] = ()
    level: str | None = None
    waits_for: Many[str] = ()
    subject: Line | None = None


class Never(_Authored):
    """An outcome of a rule that no dossier can bring about, and why; so no case shows it."""

    rule: Slug
    outcome: Outcome
    reason: Line


class CaseFile(_Authored):
    """Worked examples of the rules beside it."""

    bases: Mapping[str, Mapping[str, Any]]
    cases: Many[Case]
    never: Many[Never] = ()
