"""durable_rules and the plain-Python evaluator agree on rule files and facts made at random.

And the comparison can fail.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from adapters.durable_rules import translate
from adapters.durable_rules.encoding import ComputedCodes, FieldCodes
from adapters.durable_rules.evaluation import Evaluator
from adapters.durable_rules.limits import limit_problems
from adapters.durable_rules.matcher import DurableMatcher
from engine.rulebook.rulebook import ALL_TICKS, Rulebook
from engine.stages.s4_rule_matching import Question, ReferenceMatcher
from schemas.vocabulary import Audience, Category, Trigger
from tests.support.helpdesk.rulebooks import rulebook_of

CUSTOM = {
    "fields": {
        "severity": {"type": "number"},
        "limit": {"type": "number"},
        "flag": {"type": "boolean"},
        "note": {"type": "text"},
    }
}
TEXTS = ["", " ", "high", "HIGH", "1", "1.0", "true", "null", "é", "e\u0301", "\u200b", "a\"b'c\\", "\n", "𝄞", "$m"]
NUMBERS = ["0", "-0.0", "1", "1.0", "-1", "0.1", "2.5", "9007199254740991", "9007199254740993"]
NUMBERS += ["9223372036854775808", "18446744073709551616.5", "0." + "0" * 299 + "1"]
VALUES: list[Any] = [None, True, False, 0, 1, -1, 0.0, -0.0, 1.0, 0.1, 0.30000000000000004, 2, 2.5, 3]
VALUES += [2**53 - 1, 2**53, float(2**53), 2**53 + 1, 2**63, 2**63 + 1, 2**64, 10**400, -(10**400)]
VALUES += [1e-300, 5e-324, 1e300, math.inf, -math.inf, math.nan, [], {}, ["high"], *TEXTS]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def one_of(field: str, values: Sequence[str]) -> SearchStrategy[str]:
    value = st.sampled_from(values)
    lists = st.lists(value, min_size=1, max_size=4).map(", ".join)
    return st.one_of(
        st.builds("{} {} {}".format, st.just(field), st.sampled_from(["==", "!="]), value),
        st.builds("{} {} {}".format, value, st.sampled_from(["==", "!="]), st.just(field)),
        st.builds("{} {} ({})".format, st.just(field), st.sampled_from(["in", "not in"]), lists),
        st.builds("{} {} [{}]".format, st.just(field), st.sampled_from(["in", "not in"]), lists),
    )


def ordered(field: str) -> SearchStrategy[str]:
    order = st.sampled_from(["<", "<=", ">", ">="])
    bound = st.sampled_from(NUMBERS)
    return st.builds("{} {} {}".format, st.just(field), order, bound) | st.builds(
        "{} {} {}".format, bound, order, st.just(field)
    )


HOSTILE = ["outage", "l'outage", "l\u2019OUTAGE!", "out\u00adage", "a\u00a0b", "İstanbul", "ISTANBUL", "\u0131st"]
HOSTILE += ["straße", "STRASSE", "\ufb01n", "\uff21\uff22", "½", "Ǆ", "ΟΔΟΣ", "障害", "障害です", "الخدمة", "اَل"]
HOSTILE += ["हिन्दी", "한글", "👩\u200d💻", "e\u0327\u0301"]
VALUES += HOSTILE
ANY_TEXT = st.sampled_from(HOSTILE) | st.text(max_size=6)
PARTS = ["e", "HIGH", "1", "é", "e\u0301", "h", "\u200bx", "a\"b'c\\", "𝄞", "$m", ".*", "igh", "hi gh", "ß", "ss"]
WITHIN = ["contains", "starts with", "ends with", "contains word"]


def looked_for(field: str) -> SearchStrategy[str]:
    relation = st.sampled_from([*WITHIN, *(f"not {one}" for one in WITHIN)])
    parts = st.sampled_from(PARTS) | ANY_TEXT
    parts = parts.filter(lambda part: any(map(str.isalnum, part)))
    return st.builds("{} {} {}".format, st.just(field), relation, parts.map(quoted))


def listed(field: str) -> SearchStrategy[str]:
    value = st.sampled_from([quoted(text) for text in TEXTS] + ["ticket.priority", "ticket.custom.note"])
    value |= ANY_TEXT.map(quoted)
    return st.builds("{} {} {}".format, value, st.sampled_from(["in", "not in"]), st.just(field))


def paired(fields: list[str], relations: list[str]) -> SearchStrategy[str]:
    pairs = st.permutations(fields).map(lambda chosen: chosen[:2])
    return st.builds(lambda pair, relation: f"{pair[0]} {relation} {pair[1]}", pairs, st.sampled_from(relations))


COMPARISONS = st.one_of(
    looked_for("ticket.title"),
    looked_for("ticket.custom.note"),
    listed("person.groups"),
    listed("contract.tags"),
    paired(["ticket.priority", "ticket.custom.note", "ticket.title"], ["==", "!="]),
    paired(["ticket.custom.flag", "ticket.resolution_marked"], ["==", "!="]),
    paired(["ticket.custom.severity", "ticket.custom.limit"], ["==", "!=", "<", "<=", ">", ">="]),
    one_of("channel", ['"email"', '"fax"']),
    st.sampled_from(["ticket.custom.flag", "ticket.reopened", "not ticket.reopened"]),
    st.sampled_from(["time in support", "time not in support", "not time in support", "time in night"]),
    one_of("ticket.priority", [quoted(text) for text in TEXTS]),
    one_of("ticket.custom.note", [quoted(text) for text in [*TEXTS, *HOSTILE]]),
    one_of("event.origin", ['"user"', '"automation"']),
    one_of("ticket.resolution_marked", ["true", "false"]),
    one_of("ticket.custom.flag", ["true", "false"]),
    one_of("ticket.custom.severity", NUMBERS),
    ordered("ticket.custom.severity"),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda part: st.one_of(
        part.map("not ({})".format),
        part.map("not not ({})".format),
        st.lists(part, min_size=2, max_size=3).map(lambda parts: "(" + ") and (".join(parts) + ")"),
        st.lists(part, min_size=2, max_size=3).map(lambda parts: "(" + ") or (".join(parts) + ")"),
    ),
    max_leaves=8,
)
WHOM = st.sampled_from([category.value for category in Category])
RULES = st.fixed_dictionaries(
    {
        "for": st.one_of(
            WHOM,
            st.sampled_from(["all", "contacts", "collaborators"]),
            st.lists(WHOM, min_size=1, max_size=4, unique=True),
        )
    },
    optional={"on": st.lists(st.sampled_from([trigger.value for trigger in Trigger]), min_size=1), "if": CONDITIONS},
)
FIELDS = ["ticket.priority", "ticket.custom.note", "ticket.custom.flag", "ticket.custom.severity"]
FIELDS += ["ticket.resolution_marked", "event.origin", "ticket.title", "ticket.custom.limit", "ticket.reopened"]
FIELDS += ["channel", "person.groups", "contract.tags", "time in support", "time in night"]
LISTS: list[Any] = [(), ("high",), ("1", "true"), tuple(TEXTS), tuple(HOSTILE), ("HIGH", "é", "")]
VALUES += LISTS
ODD = st.one_of(*[st.sampled_from(VALUES)] * 5, st.integers(), st.floats(), st.text())
FACTS = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ODD))


def questions_of(rulebook: Rulebook, facts: Sequence[dict[str, Any]], ticks: int) -> list[Question]:
    return [
        Question(rulebook.derive(some), audience, trigger, fact)
        for some in (ALL_TICKS, ticks)
        for audience in Audience
        for trigger in Trigger
        for fact in facts
    ]


def differences(questions: Sequence[Question], matcher: DurableMatcher) -> list[Question]:
    """The questions to which durable_rules gives another answer than the plain-Python evaluator."""
    answers = zip(questions, matcher.match(questions), ReferenceMatcher().match(questions), strict=True)
    return [question for question, found, expected in answers if found != expected]


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    """One child for many rulebooks: it takes longer to start than to answer."""
    shared = Evaluator(answer_timeout=10, child_kilobytes=65_536)
    yield shared
    shared.close()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules=st.lists(RULES, min_size=1, max_size=8),
    facts=st.lists(FACTS, min_size=10, max_size=30),
    ticks=st.integers(0, ALL_TICKS),
)
def test_both_agree(evaluator: Evaluator, rules: list[dict[str, Any]], facts: list[dict[str, Any]], ticks: int) -> None:
    rulebook = rulebook_of(rules, CUSTOM)
    assume(not limit_problems(rulebook))
    matcher = DurableMatcher(rulebook)
    matcher._evaluator = evaluator

    assert differences(questions_of(rulebook, facts, ticks), matcher) == []
    assert evaluator.restarts == 0


# ---------------------------------------------------------------- controls: broken on purpose

KNOWN_CONDITIONS = [
    'ticket.priority == "1"',
    'ticket.priority != ""',
    "ticket.custom.flag == true",
    "not ticket.custom.flag == false",
    "ticket.custom.severity == 1",
    "ticket.custom.severity == 9007199254740993",
    "ticket.custom.severity > 0.1 and ticket.custom.severity < 3",
    "not ticket.custom.severity < 3",
    'ticket.priority in ("1", "high") and ticket.custom.flag == true',
    "ticket.custom.severity not in (0, 2, 3)",
    'ticket.priority contains "1"',
    "ticket.custom.flag == ticket.resolution_marked",
]


def known_differences(evaluator: Evaluator) -> list[Question]:
    rules = [{"for": "site.contacts", "on": ["opened"], "if": condition} for condition in KNOWN_CONDITIONS]
    rulebook = rulebook_of(rules, CUSTOM)
    matcher = DurableMatcher(rulebook)
    matcher._evaluator = evaluator
    fields = ["ticket.priority", "ticket.custom.flag", "ticket.custom.severity"]
    facts = [{**dict.fromkeys(fields, value), "ticket.resolution_marked": 1} for value in [*VALUES, True, 1]]
    return differences(questions_of(rulebook, facts, 0), matcher)


Encode = Callable[[FieldCodes, object], int]
right_encode: Encode = FieldCodes.encode


def true_is_one(codes: FieldCodes, value: object) -> int:
    return right_encode(codes, int(value) if isinstance(value, bool) else value)


def one_is_true(codes: FieldCodes, value: object) -> int:
    return right_encode(codes, True if value == 1 else value)


def text_is_number(codes: FieldCodes, value: object) -> int:
    return right_encode(codes, 1) if value == "1" else right_encode(codes, value)


def number_is_text(codes: FieldCodes, value: object) -> int:
    return right_encode(codes, str(value) if isinstance(value, int) else value)


def numbers_are_floats(codes: FieldCodes, value: object) -> int:
    large = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**300
    return right_encode(codes, float(value) if large and isinstance(value, int) else value)


def null_is_empty(codes: FieldCodes, value: object) -> int:
    return right_encode(codes, "" if value is None else value)


def null_is_zero(codes: FieldCodes, value: object) -> int:
    return right_encode(codes, 0 if value is None else value)


def test_a_right_encoding_makes_no_difference(evaluator: Evaluator) -> None:
    assert known_differences(evaluator) == []


@pytest.mark.parametrize(
    "wrong",
    [true_is_one, one_is_true, text_is_number, number_is_text, numbers_are_floats, null_is_empty, null_is_zero],
)
def test_a_wrong_encoding_is_seen(evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch, wrong: Encode) -> None:
    monkeypatch.setattr(FieldCodes, "encode", wrong)
    assert known_differences(evaluator)


@pytest.mark.parametrize("forgotten", ["$gte", "$lte", "$neq"])
def test_a_wrong_translation_is_seen(evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch, forgotten: str) -> None:
    right = translate._comparisons

    def without(name: str, mask: int, size: int) -> list[dict[str, dict[str, int]]]:
        kept = [one for one in right(name, mask, size) if forgotten not in one]
        return kept or [{"$gte": {name: 0}}]

    monkeypatch.setattr(translate, "_comparisons", without)
    assert known_differences(evaluator)


def never_anew(codes: ComputedCodes, facts: dict[str, Any]) -> tuple[int, ...]:
    return codes._codes or right_computed(codes, facts)


def anew_where_unequal(codes: ComputedCodes, facts: dict[str, Any]) -> tuple[int, ...]:
    same = tuple(facts.get(name) for name in codes._reads) == codes._last
    return codes._codes if same else right_computed(codes, facts)


def always_false(codes: ComputedCodes, facts: dict[str, Any]) -> tuple[int, ...]:
    return (0,) * len(right_computed(codes, facts))


right_computed = ComputedCodes.encode


@pytest.mark.parametrize("wrong", [never_anew, anew_where_unequal, always_false])
def test_what_is_computed_wrongly_is_seen(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., tuple[int, ...]]
) -> None:
    monkeypatch.setattr(ComputedCodes, "encode", wrong)
    assert known_differences(evaluator)
