"""Every mistake in a rule pack is told: its code, its line, and what was probably meant."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cadre_rules.cases import examine_cases
from cadre_rules.cli import main
from cadre_rules.errors import Problem, RulebookError
from cadre_rules.judging import Judge, judge_of
from cadre_rules.rulebook import loading
from cadre_rules.rulebook.checking import build_rulebook
from cadre_rules.rulebook.loading import examine, load_rulebook, pack_folder
from cadre_rules.rulebook.reading import read_cases, read_pack
from cadre_rules.rulebook.yaml import read_yaml
from small import LOCAL, SMALL, copy_pack

Told: TypeAlias = tuple[str, str, str, str, str, str]
"""File, text, what takes its place, then the code told, a piece of the line blamed, a piece of the message."""

R, D, I, C, P = "rules.yaml", "definitions.yaml", "instrument.yaml", "rules.cases.yaml", "pack.yaml"  # noqa: E741
VOTES = "requires: {fact: votes, at_least: 10}"
ENCOURAGED = "requires: {some: [{fact: planned, equals: true}, {fact: post_title, one_of: {param: linked_titles}}]}"
VACANT = "value: {field: post.vacant}"
PLANNED = "value: {any: {in: person.planning, where: {item: active}}}"
TITLE = "value: {field: post.title}"
SUM = "value: {sum: {in: steps, pick: {item: votes_for}}}"
LATEST = "{latest: {in: person.discipline, pick: {item: form}, by: {item: decided_on}}}"
LOOKUP = "{lookup: {table: discipline_months, keys: {form: {fact: last_form}}, get: months, on: {field: days.decided}}}"
WOMEN = "value: {share: [{count: {in: members, where: {equal: [{item: sex}, female]}}}, {count: {in: members}}]}"
OUTCOMES = "{outcomes: {tags: [procedure], outcomes: [violated], levels: [violation, exception_needed]}}"
AGE = "value: {months_between: [{field: birth_date}, {field: planning.approved_on}]}"
WARNING = "{form: warning, months: 36}"
DEEP = "{not: " * 45 + "{fact: votes, at_least: 10}" + "}" * 45

FORM: list[Told] = [
    (R, VOTES, "requires: [", "RB001", "remedy: {vi: ", "not YAML"),
    (R, VOTES, "requires: {fact: votes, at_least: 10}\n---", "RB001", "---", "a second document"),
    (R, VOTES, "requires: {[fact]: votes}", "RB001", "{[fact]", "a key must be plain text"),
    (R, VOTES, "requires: {fact: votes, at_least: 10, fact: votes}", "RB002", "at_least: 10, fact", "'fact' appears twice"),
    (R, "topic: age", "topic: age\n    topic: old", "RB002", "topic: old", "'topic' appears twice"),
    (R, "{from: 2021-01-01,", "{from: 2021-02-29,", "RB003", "from: 2021-02-29", "2021-02-29 is not a date"),
    (R, VOTES, "requires: !!python/name:os.system {fact: votes, at_least: 10}", "RB004", "!!python", "tag"),
    (R, VOTES, "requires: {fact: votes, at_least: !!int 10}", "RB004", "!!int", "tag"),
    (R, VOTES, "requires: &a {fact: votes, at_least: 10}", "RB004", "&a", "anchors are not allowed"),
    (R, VOTES, "requires: *a", "RB004", "*a", "aliases are not allowed"),
    (R, VOTES, "requires: [&a [x, x], &b [*a, *a, *a], &c [*b, *b, *b]]", "RB004", "&a", "anchors are not allowed"),
    (R, VOTES, f"requires: {DEEP}", "RB005", "requires: {not: {not", "nested more than 40 deep"),
    (R, VOTES, "requires: {fact: votes, at_leest: 10}", "RB101", "at_leest", "did you mean 'at_least'?"),
    (R, VOTES, "requires: {fact: votes}", "RB101", "requires: {fact: votes}", "exactly one of"),
    (R, VOTES, "requires: {fact: votes, at_least: 10, at_most: 20}", "RB101", "at_most: 20", "exactly one of"),
    (R, VOTES, "requires: {fact: votes, at_least: 10.5}", "RB101", "10.5", ""),
    (R, VOTES, "requires: {fact: votes, stated: false}", "RB101", "stated: false", ""),
    (R, VOTES, "requires: {fact: votes, one_of: []}", "RB101", "one_of: []", ""),
    (R, VOTES, "requires: {every: []}", "RB101", "every: []", ""),
    (R, "force: target", "force: goal", "RB101", "force: goal", "'must'"),
    (R, "force: target", "force: Target", "RB101", "force: Target", "did you mean 'target'?"),
    (R, "provisions: [B2, B1]", "provision: B2", "RB101", "provision: B2", "'provision'; did you mean 'provisions'?"),
    (R, "rules:\n", "rule:\n", "RB101", "rule:", "'rule'; did you mean 'rules'?"),
    (R, VOTES, "requires: {every: [{fact: votes, at_leest: 1}]}", "RB101", "at_leest", "did you mean 'at_least'?"),
    (R, "topic: women", "topic: women\n    label: x", "RB101", "label: x", "unknown key 'label'"),
    (R, "provisions: [B2, B1]", "provisions: B2", "RB101", "provisions: B2", "not a list"),
    (R, VOTES, "requires: votes", "RB101", "requires: votes", "not a mapping of above, at_least, "),
    (R, "{until: 2022-01-01}", "2022-01-01", "RB101", "in_force: 2022", "not a mapping of from, until"),
    (C, "with: {decision: transfer}", "wit: {decision: transfer}", "RB101", "wit: {decision", "did you mean 'with'?"),
    (I, "issued: 2020-01-01", "issued: 01/01/2020", "RB101", "issued: 01", "not a day; write 2021-05-03"),
    (R, "force: target", "forse: target", "RB101", "forse", "did you mean 'force'?"),
    (R, "topic: women", "topic: Phụ nữ", "RB101", "topic: Phụ nữ", ""),
    (R, "provisions: [B2, B1]", "provisions: []", "RB101", "provisions: []", ""),
    (R, "subject: [body]", "subject: []", "RB101", "subject: []", ""),
    (R, "subject: [body]", "subject: [bodies]", "RB101", "bodies", ""),
    (R, '    questions: [{vi: "Có tốt không?", en: "Is it sound?"}]\n', "", "RB101", "- id: sound-character", "questions"),
    (R, "force: target", "force: target\n    fidelity: may_over_report", "RB101", "- id: women-share", "fidelity_reason"),
    (
        R,
        "in_force: {from: 2021-01-01, until: 2024-01-01}",
        "in_force: {from: 2021-01-01, until: 2021-01-01}",
        "RB101",
        "until: 2021-01-01",
        "until must come after from",
    ),
    (I, "  number: 1/2020\n", "", "RB101", "instrument:", "'number' is missing"),
    (I, "evidence: partial", "evidence: certain", "RB101", "certain", ""),
    (P, 'version: "1"', "version: 1", "RB101", "version: 1", "not a text; put it in quotes"),
    (C, "expect: not_applicable, with: {decision", "expect: fine, with: {decision", "RB101", "expect: fine", ""),
    (C, "cases:\n", "casess:\n", "RB101", "casess", "did you mean 'cases'?"),
]

MEANING: list[Told] = [
    (
        R,
        'vi: "Có {deputies_after} cấp phó"',
        'vi: "Có {Deputies_after} cấp phó"',
        "RB308",
        "{Dep",
        "did you mean 'deputies_after'?",
    ),
    (
        R,
        'vi: "Có {deputies_after} cấp phó"',
        'vi: "Có {deputies_after cấp phó"',
        "RB308",
        "{dep",
        "unknown fact 'deputies_after cấp phó'",
    ),
    (R, 'vi: "Có {deputies_after} cấp phó"', 'vi: "Có deputies_after} cấp phó"', "RB308", "er} c", "unknown fact ''"),
    (R, VOTES, "requires: {fact: vote, at_least: 10}", "RB201", "fact: vote,", "did you mean 'votes'?"),
    (R, VOTES, "requires: {fact: women_share, at_least: 10}", "RB201", "women_share, at_least", "appointment has no fact"),
    (D, "{fact: last_day}", "{fact: last_dai}", "RB201", "last_dai", "did you mean 'last_day'?"),
    (
        D,
        VACANT,
        "value: {field: post.vacant, item: x}",
        "RB201",
        "post.vacant, item",
        "an expression is a constant or one operation",
    ),
    (D, VACANT, "value: [1, 2]", "RB201", "value: [1, 2]", "an expression is"),
    (R, VOTES, "requires: {fact: votes, at_least: 2020-01-01}", "RB202", "2020-01-01", "votes is a int"),
    (R, VOTES, "requires: {fact: votes, equals: true}", "RB202", "equals: true", "votes is a int"),
    (R, VOTES, "requires: {fact: votes, one_of: [1, x]}", "RB202", "[1, x]", "votes is a int, 'x' is not"),
    (R, VOTES, "requires: {fact: votes, one_of: {param: linked_titles}}", "RB202", "linked_titles", "a parameter lists texts"),
    (R, VOTES, "requires: {fact: votes, at_least: {param: linked_titles}}", "RB202", "linked_titles", "a int is needed"),
    (R, "{fact: post_vacant, equals: true}", "{fact: post_vacant, at_least: 1}", "RB202", "post_vacant, at_least", "no order"),
    (R, "{fact: decision_kind, equals: appointment}", "{fact: decision_kind, above: 3}", "RB202", "above: 3", "no order"),
    (
        D,
        'kind: bool, subject: [appointment], label: {vi: "Vị trí',
        'kind: int, subject: [appointment], label: {vi: "Vị trí',
        "RB202",
        "id: post_vacant",
        "declared int, but its value is a bool",
    ),
    (D, "kind: int, value: 2500", "kind: str, value: 2500", "RB202", "value: 2500", "women_min is declared str"),
    (R, "equals: appointment}", "equals: apointment}", "RB202", "apointment", "did you mean 'appointment'?"),
    (
        R,
        "equals: appointment}",
        "one_of: [appointment, bổ nhiệm]}",
        "RB202",
        "bổ nhiệm",
        "no code decision_kind can be; one of: ",
    ),
    (D, VACANT, "value: {equal: [{field: decision}, transfr]}", "RB202", "transfr", "did you mean 'transfer'?"),
    (D, VACANT, "value: {one_of: [{field: decision}, [transfer, x]]}", "RB202", "[transfer, x]", "'x' is no code it can be"),
    (D, "where: {item: active}", "where: {equal: [{item: level}, provinc]}", "RB202", "provinc]", "did you mean 'province'?"),
    (D, "where: {item: active}", "where: {item: title}", "RB202", "item: title", "any needs a bool here, this is a str"),
    (D, VACANT, "value: {not: {field: post.title}}", "RB202", "not: {field", "not needs a bool here"),
    (D, VACANT, "value: {equal: [{field: post.title}, 3]}", "RB202", "post.title}, 3", "equal needs a str here, this is a int"),
    (D, VACANT, "value: {equal: [{field: post.area}, {field: person.home_town}]}", "RB202", "home_town", "use within"),
    (D, VACANT, "value: {less: [{field: post.title}, {field: post.unit}]}", "RB202", "less", "less cannot compare a str"),
    (D, VACANT, "value: {field: person.kin}", "RB202", "person.kin}", "is a list"),
    (D, SUM, "value: {sum: {in: steps, pick: {item: name}}}", "RB202", "sum", "sum cannot compare a str"),
    (D, SUM, "value: {max: {in: steps, pick: {item: secret}}}", "RB202", "max", "max cannot compare a bool"),
    (D, LATEST, LATEST.replace("decided_on", "ground"), "RB202", "ground", "latest cannot compare a str"),
    (D, "keys: {form: {fact: last_form}}", "keys: {form: 3}", "RB202", "form: 3", "column form needs a str here"),
    (D, WARNING, "{form: warning, months: many}", "RB202", "months: many", "months is a int"),
    (D, WARNING, "{form: 1, months: 36}", "RB202", "form: 1, months", "quote codes"),
    (D, WARNING, "{form: warning, months: 36, in_force: 2020}", "RB202", "in_force: 2020", "in_force is"),
    (D, WARNING, "{form: warning, months: 36, in_force: {form: 2020-01-01}}", "RB202", "form: 2020-01-01", "in_force is"),
    (
        D,
        WARNING,
        "{form: warning, months: 36, in_force: {from: 2021-01-01, until: 2020-01-01}}",
        "RB202",
        "until: 2020-01-01",
        "after",
    ),
    (D, WARNING, f"{WARNING}\n      - {{form: Warning, months: 24}}", "RB302", "form: Warning", "line 14 answers, by form"),
    (
        D,
        WARNING,
        "{months: 36}\n      - {form: warning, months: 3}\n      - {form: warning, months: 4}",
        "RB302",
        "months: 4",
        "line 15",
    ),
    (D, WARNING, "{form: reprimand, months: 36}", "RB302", "months: 36", "answers what the row of line 12 answers, by form"),
    (D, "12, in_force: {until: 2022-01-01}}", "12, in_force: {until: 2022-01-02}}", "RB302", "months: 24", "line 12"),
    (D, WARNING, "{form: warning, month: 36}", "RB101", "month: 36", "did you mean 'months'?"),
    (
        D,
        "columns: {form: str, months: int}",
        "columns: {form: str, months: int_band}",
        "RB202",
        "months: 36",
        "months is a int_band",
    ),
    (D, TITLE, "value: {field: post.titel}", "RB203", "post.titel", "did you mean 'post.title'?"),
    (D, TITLE, "value: {item: title}", "RB203", "item: title", "only inside count"),
    (D, "where: {item: active}", "where: {item: activ}", "RB203", "activ}", "did you mean 'active'?"),
    (D, "in: person.planning", "in: person.plannings", "RB203", "plannings", "did you mean 'person.planning'?"),
    (D, "in: person.planning", "in: post", "RB203", "in: post", "lists:"),
    (D, VACANT, "value: {nott: {field: post.vacant}}", "RB204", "nott", "did you mean 'not'?"),
    (D, VACANT, "value: {field: [post.vacant]}", "RB204", "field: [", "field takes one text"),
    (D, SUM, "value: {sum: steps}", "RB204", "sum: steps", "sum takes a mapping of its parts"),
    (D, VACANT, "value: {not: [{field: post.vacant}, true]}", "RB204", "not: [", "not takes 1 value(s), not 2"),
    (D, VACANT, "value: {equal: [{field: post.vacant}]}", "RB204", "equal: [", "equal takes 2 value(s), not 1"),
    (D, SUM, "value: {sum: {in: steps}}", "RB204", "sum: {in: steps}", "sum needs `pick`"),
    (D, SUM, "value: {distinct: {in: steps}}", "RB204", "distinct", "needs `pick`"),
    (D, SUM, "value: {sum: {in: steps, pick: {item: votes_for}, by: {item: held_on}}}", "RB204", "by:", "takes no `by`"),
    (D, SUM, "value: {sum: {in: steps, pik: {item: votes_for}, pick: 1}}", "RB204", "pik", "did you mean 'pick'?"),
    (D, "where: {item: active}", "silence: maybe", "RB204", "silence: maybe", "silence can only be `none`"),
    (D, "where: {item: active}", "where: {any: {in: person.kin}}", "RB204", "in: person.kin", "a list inside a list"),
    (D, "get: months", "get: month", "RB204", "get: month", "did you mean 'months'?"),
    (D, "keys: {form: {fact: last_form}}", "keys: {from: {fact: last_form}}", "RB204", "keys: {from", "did you mean 'form'?"),
    (D, ", on: {field: days.decided}}}", "}}", "RB204", "lookup:", "say `on` which day"),
    (D, VACANT, "value: {within: {area: {field: post.area}, level: district}}", "RB204", "within", "within needs other"),
    (D, "outcomes: [violated]", "outcomes: [violatet]", "RB204", "violatet", "did you mean 'violated'?"),
    (D, "tags: [procedure]", "tags: [procedur]", "RB301", "[procedur]", "did you mean 'procedure'?"),
    (D, "tags: [procedure]", "rules: [votes-enogh]", "RB301", "enogh", "did you mean 'votes-enough'?"),
    (D, "keys: {form: {fact: last_form}}", "keys: form", "RB204", "keys: form", "lookup needs `keys`"),
    (
        D,
        VACANT,
        "value: {within: {area: {field: post.area}, other: {field: post.area}, level: distrit, on: {field: days.decided}}}",
        "RB204",
        "distrit",
        "did you mean 'district'?",
    ),
    (D, "tags: [procedure]", "tags: procedure", "RB204", "tags: procedure", "tags is a list of texts"),
    (D, "tags: [procedure]", "tags: [{a: b}]", "RB204", "tags: [{a", "tags is a list of texts"),
    (D, "levels: [violation, ", "levels: [violations, ", "RB204", "violations", "did you mean 'violation'?"),
    (D, "{exceptions: unused}", "{exceptions: unusd}", "RB204", "unusd", "did you mean 'unused'?"),
    (R, "{param: deputies_max}", "{param: deputies_min}", "RB205", "deputies_min", "did you mean 'deputies_max'?"),
    (D, VACANT, "value: {equal: [{param: women_mn}, 3]}", "RB205", "women_mn", "did you mean 'women_min'?"),
    (D, "table: discipline_months", "table: discipline_month", "RB205", "discipline_month,", "did you mean 'discipline_months'?"),
    (
        D,
        "value: {field: deputies_after}",
        "value: {fact: votes}},\n  - {id: x, kind: int, subject: [appointment], label: {vi: x, en: x}, value: {fact: x}",
        "RB001",
        "}},",
        "not YAML",
    ),
    (D, SUM, "value: {add: [{fact: votes}, 1]}", "RB206", "id: votes", "read each other in a circle: votes → votes"),
    (R, "provisions: [B2, B1]", "provisions: [B2, B3]", "RB301", "B3", "unknown provision 'B3'"),
    (R, "exception: {provision: A1", "exception: {provision: A9", "RB301", "A9", "unknown provision 'A9'"),
    (R, "rival: kin-some", "rival: kin-sum", "RB301", "rival: kin-sum", "did you mean 'kin-some'?"),
    (I, "replaced_by: law-0", "replaced_by: law-9", "RB301", "replaced_by: law-9", "did you mean 'law-0'?"),
    (I, "{id: B2, instrument: law-0", "{id: B2, instrument: law-5", "RB301", "id: B2", "did you mean 'law-0'?"),
    (
        D,
        "value: 2500, stricter: higher, provision: B1",
        "value: 2500, stricter: higher, provision: B9",
        "RB301",
        "provision: B9",
        "B9",
    ),
    (
        R,
        "in_force: {until: 2022-01-01}",
        "in_force: {until: 2022-01-02}",
        "RB302",
        "in_force: {from: 2022-01-01}",
        "on 2022-01-01",
    ),
    (
        R,
        "in_force: {until: 2022-01-01}",
        "in_force: {until: 2021-12-31}",
        "RB303",
        "in_force: {from: 2022-01-01}",
        "no version from 2021-12-31",
    ),
    (
        D,
        "in_force: {until: 2022-01-01}, label",
        "in_force: {until: 2022-02-01}, label",
        "RB302",
        "in_force: {from: 2022-01-01}",
        "two versions of deputies_max",
    ),
    (
        D,
        "in_force: {until: 2022-01-01}, label",
        "in_force: {until: 2021-02-01}, label",
        "RB303",
        "in_force: {from: 2022-01-01}",
        "deputies_max has no version",
    ),
    (R, "    protected: [kin]\n    rival", "    rival", "RB304", "- id: kin-none", "reads the protected fact 'kin'"),
    (R, "protected: [sex]", "protected: [sex, health]", "RB304", "protected: [sex, health]", "asks for 'health'"),
    (I, "asks_for: [sex]", "asks_for: [sexx]", "RB304", "id: B2", "'sexx' is no protected ground"),
    (R, "protected: [sex]", "protected: [sexx]", "RB304", "protected: [sexx]", "did you mean 'sex'?"),
    (I, "asks_for: [sex]", "asks_for: [health]", "RB304", "protected: [sex]", "no provision it cites asks for 'sex'"),
    (R, "protected: [sex]", "protected: [sex, birth]", "RB307", "protected: [sex, birth]", "licensed to read 'birth'"),
    (
        R,
        "in_force: {from: 2020-01-01, until: 2024-01-01}",
        "in_force: {from: 2019-12-31, until: 2024-01-01}",
        "RB305",
        "2019-12-31",
        "outside law-1",
    ),
    (
        R,
        "in_force: {from: 2020-01-01, until: 2024-01-01}",
        "in_force: {from: 2020-01-01}",
        "RB305",
        "in_force: {from: 2020-01-01}",
        "outside law-1",
    ),
    (
        R,
        "in_force: {from: 2020-01-01, until: 2024-01-01}",
        "in_force: {until: 2024-01-01}",
        "RB305",
        "in_force: {until: 2024",
        "outside law-1",
    ),
    (
        R,
        "in_force: {from: 2020-01-01, until: 2024-01-01}",
        "in_force: {from: 2024-01-01}",
        "RB305",
        "from: 2024-01-01",
        "outside law-1",
    ),
    (I, "{id: B2, instrument", "{id: B1, instrument", "RB306", "asks_for: [sex]", "'B1' is defined twice"),
    (R, "Có {deputies_after} cấp phó", "Có {deputy_after} cấp phó", "RB308", "deputy_after", "did you mean 'deputies_after'?"),
    (
        D,
        "in_force: {until: 2022-01-01}, label",
        "in_force: {from: 2020-06-01, until: 2022-01-01}, label",
        "RB309",
        "deputies_max}}",
        "deputies_max is not defined on 2020-01-01",
    ),
    (
        R,
        VOTES,
        "requires: {every: [{fact: votes, equals: 1}, {fact: votes, equals: 2}]}",
        "RB311",
        "- id: votes-enough",
        "never be satisfied",
    ),
    (R, VOTES, "requires: {fact: votes, stated: true}", "RB311", "- id: votes-enough", "never be violated"),
]

CASES: list[Told] = [
    (
        C,
        "{rule: many-breaches, outcome",
        "{rule: many-breachs, outcome",
        "RB401",
        "many-breachs",
        "did you mean 'many-breaches'?",
    ),
    (C, "rule: kin-some, expect: satisfied", "rule: kin-sum, expect: satisfied", "RB401", "kin-sum", "did you mean 'kin-some'?"),
    (
        C,
        "{rule: kin-some, expect: satisfied}",
        "{rule: kin-some, expect: excepted}",
        "RB402",
        "expect: excepted}",
        "allows no exception",
    ),
    (
        C,
        "{rule: kin-some, expect: satisfied}",
        "{rule: kin-some, expect: not_applicable}",
        "RB402",
        "not_applicable}",
        "always applies",
    ),
    (C, "on: [2020-01-01, 2021-12-31]", "on: [2020-01-01, 2019-12-31]", "RB402", "2019-12-31]}", "is not in force on 2019-12-31"),
    (C, "on: [2019-12-31, 2024-01-01]", "on: [2019-12-31, 2023-01-01]", "RB402", "2023-01-01]", "is in force on 2023-01-01"),
    (
        C,
        "{rule: women-share, use: body, expect: satisfied}",
        "{rule: women-share, use: bodi, expect: satisfied}",
        "RB403",
        "bodi",
        "did you mean 'body'?",
    ),
    (C, "  - {rule: kin-some, expect: satisfied}\n", "", "RB404", "- id: kin-some", "kin-some: no case comes out satisfied"),
    (C, ", on: [2021-12-31]}", "}", "RB404", "- id: votes-enough", "no case on 2021-12-31, when it holds"),
    (
        C,
        "on: [2019-12-31, 2024-01-01]",
        "on: [2019-12-31]",
        "RB404",
        "- id: deputies-limit",
        "no case on 2024-01-01, when it does not hold",
    ),
]


def problems_of(folder: Path) -> list[Problem]:
    """What `lint` tells of a pack: form, meaning, what only compiling shows, cases."""
    rulebook, problems = examine(folder)
    sources, found = read_cases(folder)
    if problems:
        return [*problems, *found]
    return [*Judge(rulebook).problems(), *found, *examine_cases(rulebook, sources, folder)]


def said(problem: Problem) -> str:
    return problem.path.read_text("utf-8").splitlines()[problem.line - 1]


def test_the_small_pack_has_no_mistake() -> None:
    assert problems_of(SMALL) == []


@pytest.mark.parametrize("told", [*FORM, *MEANING, *CASES], ids=lambda told: f"{told[3]} {told[2][:50]}")
def test_a_mistake_is_told_with_its_code_and_line(told: Told, tmp_path: Path) -> None:
    file, old, new, code, line, message = told
    problems = problems_of(copy_pack(SMALL, tmp_path, [(file, old, new)]))
    assert [p for p in problems if p.code == code and line in said(p) and message in p.message], "\n".join(map(str, problems))


def test_a_file_with_five_mistakes_names_five(tmp_path: Path) -> None:
    changes = [
        (R, "topic: age", "topic: age\n    topic: old"),
        (R, "{from: 2021-01-01,", "{from: 2021-02-29,"),
        (R, VOTES, "requires: {fact: votes, at_leest: 10}"),
        (R, "force: target", "force: goal"),
        (R, "subject: [body]", "subject: [bodies]"),
    ]
    problems = problems_of(copy_pack(SMALL, tmp_path, changes))
    assert {"RB002", "RB003", "RB101"} == {problem.code for problem in problems}
    assert {"old", "2021-02-29", "at_leest", "goal", "bodies"} == {
        word for word in ("old", "2021-02-29", "at_leest", "goal", "bodies") for p in problems if word in said(p)
    }


def test_mistakes_of_meaning_are_told_beside_a_file_wrong_in_form_but_for_what_that_file_may_hold(tmp_path: Path) -> None:
    changes = [
        (R, "force: target", "force: goal"),
        (D, SUM, "value: {sum: {in: steps, pick: {item: name}}}"),
        (D, VACANT, "value: {nott: {field: post.vacant}}"),
        (D, TITLE, "value: {field: post.titel}"),
        (D, "{fact: last_day}", "{fact: last_dai}"),
        (D, "in_force: {until: 2022-01-01}, label", "in_force: {until: 2022-02-01}, label"),
        (I, "  number: 1/2020\n", ""),
    ]
    codes = sorted({problem.code for problem in problems_of(copy_pack(SMALL, tmp_path, changes))})
    assert codes == ["RB101", "RB202", "RB203", "RB204", "RB302"]


def test_what_is_left_of_a_pack_without_some_of_its_files_holds_no_mistake_that_they_would_mend() -> None:
    files, _ = read_pack(SMALL)
    for number in range(len(files.sources)):
        for some in combinations(files.sources, number):
            _, problems = build_rulebook([replace(files, sources=some)])
            assert {problem.code for problem in problems}.isdisjoint(loading._WHATEVER_ELSE)


def test_a_long_table_is_looked_through_once_whether_its_rows_are_apart_or_alike(tmp_path: Path) -> None:
    apart = "".join(f"\n      - {{form: apart {n}, months: {n}}}" for n in range(3000))
    alike = "".join(f"\n      - {{form: alike, months: {n}}}" for n in range(3000))
    assert problems_of(copy_pack(SMALL, tmp_path / "apart", [(D, WARNING, WARNING + apart)])) == []
    found = problems_of(copy_pack(SMALL, tmp_path / "alike", [(D, WARNING, WARNING + alike)]))
    assert {problem.code: len(found) for problem in found} == {"RB302": 2999}


@pytest.mark.parametrize("value", ["{field: days.decided}", "[{field: days.decided}]", "{fact: last_day}"])
def test_earliest_takes_a_day_as_it_takes_a_list(value: str, tmp_path: Path) -> None:
    folder = copy_pack(SMALL, tmp_path, [(D, VACANT, f"value: {{stated: {{earliest: {value}}}}}")])
    assert problems_of(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("subject: [body]", "subject: [bodies]", "bodies"),
        ("protected: [sex]", "protected: [sexx, sex]", "sexx"),
        ("force: target", "force: goal", "goal"),
        ("topic: women", "topic: Women", "Women"),
    ],
)
def test_one_mistake_is_told_once(old: str, new: str, line: str, tmp_path: Path) -> None:
    (problem,) = problems_of(copy_pack(SMALL, tmp_path, [(R, old, new)]))
    assert line in said(problem)


def test_five_mistakes_of_meaning_in_two_files_are_told_at_once(tmp_path: Path) -> None:
    changes = [
        (R, VOTES, "requires: {fact: vote, at_least: 10}"),
        (R, "rival: kin-some", "rival: kin-sum"),
        (R, "{param: deputies_max}", "{param: deputies_min}"),
        (D, TITLE, "value: {field: post.titel}"),
        (D, VACANT, "value: {nott: {field: post.vacant}}"),
    ]
    codes = {problem.code for problem in problems_of(copy_pack(SMALL, tmp_path, changes))}
    assert codes == {"RB201", "RB301", "RB205", "RB203", "RB204"}


def test_every_mistake_is_raised_at_once_and_in_order(tmp_path: Path) -> None:
    folder = copy_pack(
        SMALL, tmp_path, [(R, "rival: kin-some", "rival: kin-sum"), (R, VOTES, "requires: {fact: vote, at_least: 1}")]
    )
    with pytest.raises(RulebookError) as raised:
        load_rulebook(folder)
    assert [problem.code for problem in raised.value.problems] == ["RB201", "RB301"]
    assert str(raised.value).count("rules.yaml:") == 2


def test_definitions_in_a_circle_are_refused(tmp_path: Path) -> None:
    changes = [(D, TITLE, "value: {choose: [{fact: planned}, a, b]}"), (D, PLANNED, "value: {equal: [{fact: post_title}, a]}")]
    problems = problems_of(copy_pack(SMALL, tmp_path, changes))
    assert [problem.code for problem in problems] == ["RB206"]
    assert "planned" in problems[0].message
    assert "post_title" in problems[0].message


def test_a_rule_of_too_many_clauses_is_a_problem_of_its_line(tmp_path: Path) -> None:
    pairs = ", ".join(f"{{some: [{{fact: votes, above: {n}}}, {{fact: deputies_after, above: {n}}}]}}" for n in range(9))
    folder = copy_pack(SMALL, tmp_path, [(R, VOTES, f"requires: {{every: [{pairs}]}}")])
    problems = [problem for problem in problems_of(folder) if problem.code == "RB310"]
    assert len(problems) == 1
    assert "id: votes-enough" in said(problems[0])
    rulebook, found = examine(folder)
    assert found == []
    with pytest.raises(RulebookError, match="RB310"):
        judge_of(rulebook).court("appointment")


def test_a_parameter_that_a_fact_takes_before_it_is_set_is_a_problem_of_the_rule(tmp_path: Path) -> None:
    late = "  - {id: late, kind: int, value: 3, provision: B1, in_force: {from: 2023-06-01}, label: {vi: x, en: x}}"
    changes = [(D, "parameters:\n", f"parameters:\n{late}\n"), (D, VACANT, "value: {equal: [{param: late}, 3]}")]
    problems = [problem for problem in problems_of(copy_pack(SMALL, tmp_path, changes)) if problem.code == "RB309"]
    assert problems
    assert all("a fact it reads takes late, which is not defined on" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        (b"", "RB101", "the file is empty"),
        (b"# only a remark\n", "RB101", "the file is empty"),
        (b"- a list\n", "RB101", "a mapping at its top"),
        (b"rules\n", "RB101", "a mapping at its top"),
        (b"rules: \xff\xfe\n", "RB006", "UTF-8"),
        (b"rules: \x00\n", "RB001", "not YAML"),
        (b"rules: []\n" + b"# " + b"x" * 4_000_000, "RB005", "larger than"),
    ],
)
def test_a_file_that_is_no_rule_file_is_told(written: bytes, code: str, message: str, tmp_path: Path) -> None:
    (copy_pack(SMALL, tmp_path) / "odd.yaml").write_bytes(written)
    (problem,) = problems_of(tmp_path)
    assert (problem.code, problem.path.name, problem.line) == (code, "odd.yaml", 1)
    assert message in problem.message


@pytest.mark.parametrize(
    ("written", "code", "line", "message"),
    [
        (b"# one\n# two\nrules: [\xe9]\n", "RB006", 3, "byte 0xe9"),
        (b"# one\r\n# two\r\nrules: [\xe9]\r\n", "RB006", 3, "byte 0xe9"),
        (b"# one\n# two\nrules: []\x07\n", "RB001", 3, "#x0007"),
        (b"# one\nx: \x7f\ny: \x00\n", "RB001", 2, "#x007f"),
        (b"# one\nrules: \xef\xbf\xbf\n", "RB001", 2, "#xffff"),
        (b'# one\nx: "y\n\n\nz: a\n', "RB001", 6, "while scanning a quoted scalar begun on line 2"),
        (b"rules:\n  - id: a\n   topic: b\n", "RB001", 3, "while parsing a block collection begun on line 2"),
        (b"rules:\n\t- id: a\n", "RB001", 2, "a tab does not indent"),
        (b"# one\r# two\r\t- id: a\r", "RB001", 3, "a tab does not indent"),
        (b"# one\nrules: @a\n", "RB001", 2, "cannot start any token"),
        (b"\xef\xbb\xbf# one\r\nrulez: []\r\n", "RB101", 2, "unknown key 'rulez'"),
        (b"---\n---\n", "RB001", 2, "a second document"),
        (b"rules: []\n&a x: 1\n", "RB004", 2, "anchors"),
        (b"rules: []\n*a : 1\n", "RB004", 2, "aliases"),
        (b"rules: []\n!!str x: 1\n", "RB004", 2, "tag"),
        (b"rules: []\n? [a, b]\n: 1\n", "RB001", 2, "a key must be plain text"),
        ("# một\nrules: []\n".encode() + "\u0111\u00ea\u0301: 1\n".encode(), "RB101", 3, "unknown key 'đế'"),
        (b"x: " + b"[" * 200_000, "RB005", 1, "nested more than 40 deep"),
        (b"- " * 50_000, "RB005", 1, "nested more than 40 deep"),
        ("".join(f"{' ' * n}a:\n" for n in range(900)).encode(), "RB005", 41, "nested more than 40 deep"),
    ],
)
def test_what_stops_the_reading_is_told_with_the_line_it_stands_on(
    written: bytes, code: str, line: int, message: str, tmp_path: Path
) -> None:
    (copy_pack(SMALL, tmp_path) / "odd.yaml").write_bytes(written)
    (problem,) = problems_of(tmp_path)
    assert (problem.code, problem.path.name, problem.line) == (code, "odd.yaml", line)
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: \x07\n", "RB001", 2),
        ("a: 1\nb: \ud800\n", "RB001", 2),
        ('a: "\n\n', "RB001", 3),
        ('a: "\\U00110000"', "RB001", 1),
        ("[" * 5000, "RB005", 1),
    ],
)
@pytest.mark.parametrize("without", [(), ("CLoader",)])
def test_a_text_is_refused_alike_where_yaml_is_read_without_its_library(
    text: str, code: str, line: int, without: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in without:
        monkeypatch.delattr(f"yaml.{name}")
    _, (problem,) = read_yaml(text, Path("x.yaml"))
    assert (problem.code, problem.line) == (code, line)


@pytest.mark.parametrize(
    ("name", "put", "message"),
    [
        ("dangling.yaml", lambda path: path.symlink_to("nowhere"), "cannot be read: No such file or directory"),
        ("round.yaml", lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of symbolic links"),
        ("linked", lambda path: path.symlink_to(SMALL), "cannot be read: Is a directory"),
        ("itself", lambda path: path.symlink_to(path.parent), "cannot be read: Is a directory"),
        ("more.yml", lambda path: path.write_text("rules: []\n"), "ends in .yaml"),
        ("MORE.YAML", lambda path: path.write_text("rules: []\n"), "ends in .yaml"),
        ("more.cases.yml", lambda path: path.write_text("cases: []\n"), "ends in .yaml"),
    ],
)
def test_nothing_in_a_pack_is_passed_over_in_silence(name: str, put: Callable[[Path], Any], message: str, tmp_path: Path) -> None:
    path = copy_pack(SMALL, tmp_path) / name
    put(path)
    (problem,) = problems_of(tmp_path)
    assert (problem.code, problem.path, problem.line, message in problem.message) == ("RB006", path, 1, True)
    with pytest.raises(RulebookError) as raised:
        load_rulebook(tmp_path)
    assert raised.value.problems == (problem,)


@pytest.mark.parametrize("closed", ["", "law-1-2020-01-01"])
def test_a_folder_that_cannot_be_listed_is_told(closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, scandir = copy_pack(SMALL, tmp_path / "pack"), os.scandir

    def listed(path: Any) -> Iterator[os.DirEntry[str]]:
        if Path(path) == folder / closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", listed)
    problems = examine(folder)[1]
    assert [(problem.path, problem.code) for problem in problems] == [(folder / closed, "RB006")]


def test_a_pack_may_have_a_name_that_is_no_text(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    folder = copy_pack(SMALL, tmp_path / os.fsdecode(b"g\xf3i"))
    (folder / os.fsdecode(b"t\xeap.yaml")).write_text("rules: []\n")
    assert load_rulebook(folder).packs[0].pack.name == "small"
    (folder / os.fsdecode(b"t\xeap.yaml")).write_text("rulez: []\n")
    assert main(["lint", str(folder)]) == 2
    assert b"g\\udcf3i/t\\udceap.yaml:1: RB101 unknown key 'rulez'" in capfdbinary.readouterr().out


def test_what_the_system_refuses_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(_pack: str) -> Path:
        raise OSError(36, "File name too long", "xxx")

    monkeypatch.setattr(loading, "pack_folder", refused)
    assert main(["lint", "xxx"]) == 3
    assert capsys.readouterr().err == "cadre-rules: [Errno 36] File name too long: 'xxx'\n"


def test_the_name_of_a_shipped_pack_means_it_whatever_stands_in_the_folder_one_works_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vn").mkdir()
    monkeypatch.chdir(tmp_path)
    assert (pack_folder("vn") / "pack.yaml").is_file()
    assert {pack_folder("./vn"), pack_folder(Path("vn"))} == {Path("vn")}


def test_a_folder_without_rule_files_is_no_pack(tmp_path: Path) -> None:
    assert [problem.code for problem in read_pack(tmp_path)[1]] == ["RB006"]


@pytest.mark.parametrize("name", ["vm", "nowhere/at/all", "../rules", "a b"])
def test_an_unknown_pack_is_told(name: str) -> None:
    with pytest.raises(RulebookError, match="RB006 no such rule pack"):
        pack_folder(name)


@pytest.mark.parametrize(
    "changes",
    [
        [(P, "pack:\n", "rules: []\npacks:\n")],
        [
            (
                I,
                "instrument:\n",
                "pack: {name: two, version: x, title: {vi: x, en: x}, languages: [vi], reviewed_to: {}}\ninstrument:\n",
            )
        ],
    ],
)
def test_a_pack_says_once_what_it_is(changes: list[tuple[str, str, str]], tmp_path: Path) -> None:
    codes = {problem.code for problem in problems_of(copy_pack(SMALL, tmp_path, changes))}
    assert codes & {"RB501", "RB101"}


LAYERING: list[Told] = [
    (P, "parameter: women_min", "parameter: women_mix", "RB502", "women_mix", "did you mean 'women_min'?"),
    (P, "value: 4000", "value: 2500", "RB502", "value: 2500", "2500 is not stricter than 2500"),
    (P, "value: 4000", "value: 2000", "RB502", "value: 2000", "2000 is not stricter than 2500"),
    (
        P,
        "parameter: women_min, value: 4000",
        "parameter: deputies_max, value: 4",
        "RB502",
        "value: 4,",
        "4 is not stricter than 3",
    ),
    (
        P,
        "parameter: women_min, value: 4000",
        "parameter: deputies_max, value: 3",
        "RB502",
        "value: 3,",
        "3 is not stricter than 3",
    ),
    (P, "parameter: women_min", "parameter: linked_titles", "RB502", "linked_titles", "is not stricter"),
    (P, "rule: kin-some", "rule: kin-sum", "RB502", "kin-sum", "did you mean 'kin-some'?"),
    (P, "provision: L1}\nswitch_off", "provision: L9}\nswitch_off", "RB301", "provision: L9", "L9"),
    (P, 'here"}, provision: L1}', 'here"}, provision: L9}', "RB301", "provision: L9", "L9"),
    (
        P,
        "switch_off:",
        "profiles:\n  - {fact: votes, use: strict, provision: L1}\nswitch_off:",
        "RB503",
        "use: strict",
        "no profile 'strict'",
    ),
]


@pytest.mark.parametrize(
    ("more", "code", "other"),
    [
        ("definitions:\n  - {id: votes, kind: int, subject: [appointment], label: {vi: a, en: b}, value: 3}", "RB302", D),
        (
            "tables:\n  - {id: discipline_months, label: {vi: a, en: b}, provision: L1, columns: {form: str}, rows: []}",
            "RB306",
            D,
        ),
        (
            "definitions:\n  - {id: votes, kind: int, profile: a, subject: [appointment], label: {vi: a, en: b}, value: {ad: 1}}",
            "RB204",
            "unknown operation 'ad'; did you mean 'add'?",
        ),
        ("profiles:\n  - {fact: vots, use: strict, provision: L1}", "RB503", "did you mean 'votes'?"),
        ("profiles:\n  - {fact: votes, use: strict, provision: L1}", "RB503", "votes has no profile 'strict'"),
    ],
)
def test_a_mistake_in_a_layer_is_told_once_and_what_it_runs_into_is_named(
    more: str, code: str, other: str, tmp_path: Path
) -> None:
    folder = copy_pack(LOCAL, tmp_path, [(P, "switch_off:", f"{more}\nswitch_off:")])
    (problem,) = examine(SMALL, folder)[1]
    assert (problem.code, problem.path, problem.line, other in problem.message) == (code, folder / P, 14, True)


@pytest.mark.parametrize("told", LAYERING, ids=lambda told: told[2][:50])
def test_a_mistake_in_a_layer_is_told(told: Told, tmp_path: Path) -> None:
    file, old, new, code, line, message = told
    _, problems = examine(SMALL, copy_pack(LOCAL, tmp_path, [(file, old, new)]))
    assert [p for p in problems if p.code == code and line in said(p) and message in p.message], "\n".join(map(str, problems))


def test_packs_that_extend_each_other_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_pack(SMALL, tmp_path / "one", [(P, "name: small", "name: one\n  extends: two")])
    copy_pack(LOCAL, tmp_path / "two", [(P, "name: local", "name: two\n  extends: one")])
    monkeypatch.setattr(loading, "SHELVES", (tmp_path,))
    _, problems = examine("one")
    assert [(problem.code, problem.message) for problem in problems] == [("RB504", "packs extend each other in a circle")]


def test_a_pack_that_extends_nothing_known_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_pack(LOCAL, tmp_path / "two", [(P, "name: local", "name: two\n  extends: tow")])
    monkeypatch.setattr(loading, "SHELVES", (tmp_path,))
    (problem,) = examine("two")[1]
    assert (problem.code, "extends: tow" in said(problem)) == ("RB504", True)
    assert "did you mean 'two'?" in problem.message
