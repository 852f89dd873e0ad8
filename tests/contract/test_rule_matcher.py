"""What every RuleMatcher answers, in the words of the language of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from adapters.durable_rules.matcher import DurableMatcher
from engine.rulebook.conditions.syntax import leaves
from engine.rulebook.rulebook import ALL_TICKS, Rulebook
from engine.stages.s4_rule_matching import Answer, Question, ReferenceMatcher, RuleMatcher
from schemas.vocabulary import Audience, Category, Trigger
from tests.support.helpdesk.rulebooks import rulebook_of

SETTINGS = {
    "fields": {
        "severity": {"type": "number"},
        "limit": {"type": "number"},
        "flag": {"type": "boolean"},
        "note": {"type": "text"},
    },
}

Matching = Callable[[Rulebook, Sequence[Question]], Sequence[Answer]]


def _reference(_: Rulebook) -> RuleMatcher:
    return ReferenceMatcher()


@pytest.fixture(params=[_reference, DurableMatcher], ids=["reference", "durable_rules"])
def match(request: pytest.FixtureRequest) -> Iterator[Matching]:
    """Asks a matcher made for the rulebook."""
    made: list[RuleMatcher] = []

    def ask(rulebook: Rulebook, questions: Sequence[Question]) -> Sequence[Answer]:
        matcher: RuleMatcher = request.param(rulebook)
        made.append(matcher)
        return matcher.match(questions)

    yield ask
    for matcher in made:
        if isinstance(matcher, DurableMatcher):
            matcher.close()


def question(
    rulebook: Rulebook,
    facts: Mapping[str, Any] | None = None,
    *,
    ticks: int = ALL_TICKS,
    audience: Audience = Audience.CONTACTS,
    trigger: Trigger = Trigger.OPENED,
) -> Question:
    return Question(rulebook.derive(ticks), audience, trigger, facts or {})


CASES: list[tuple[str, list[Any], list[Any]]] = [
    # condition, values of its field for which it holds, values for which it does not
    ("ticket.custom.note == '1'", ["1"], [1, 1.0, True, None, "", " 1", "1.0"]),
    ("ticket.custom.note == ''", [""], [0, False, None, " "]),
    ("ticket.custom.note == 'true'", ["true"], [True, 1, "True"]),
    ("ticket.custom.note == 'É'", ["É"], ["é", "E", "E\u0301"]),
    ("ticket.custom.note != '1'", [1, True, None, "", "2"], ["1"]),
    ("ticket.custom.note in ('a', \"b\")", ["a", "b"], ["c", "A", None, 0]),
    ("ticket.custom.note not in ['a', 'b']", ["c", None, 0], ["a", "b"]),
    ("ticket.custom.flag == true", [True], [1, 1.0, "true", None, False]),
    ("ticket.custom.flag == false", [False], [0, 0.0, -0.0, "", None, True]),
    ("not ticket.custom.flag == true", [1, False, None, "true"], [True]),
    ("ticket.custom.severity == 1", [1, 1.0], [True, "1", None, 1.0000000000000002, 0]),
    ("ticket.custom.severity == 0", [0, 0.0, -0.0], [False, "", None, 1e-300, -1e-300]),
    ("ticket.custom.severity == 9007199254740992", [2**53, float(2**53)], [2**53 + 1, 2**53 - 1]),
    ("ticket.custom.severity == 9007199254740993", [2**53 + 1], [2**53, float(2**53), 2**53 + 2]),
    ("ticket.custom.severity < 3", [2, 2.999, -(2**63), -(10**400)], [3, 3.0, 4, "2", True, None]),
    ("ticket.custom.severity <= 3", [3, 3.0, -1], [3.0000000000000004, "3", None]),
    ("ticket.custom.severity > 3", [4, 2**63, 2**64, 10**400, 1e300], [3, "4", None, True]),
    ("ticket.custom.severity >= 3", [3, 3.5], [2.9999999999999996, "3", None]),
    ("3 < ticket.custom.severity", [4], [3, 2]),
    ("not ticket.custom.severity < 3", [3, 4, "2", True, None], [2]),
    ("ticket.custom.severity > 1 and ticket.custom.severity < 3", [2, 1.5], [1, 3, None, "2"]),
    ("ticket.custom.severity < 1 or ticket.custom.severity > 3", [0, 4], [1, 3, None]),
    ("not (ticket.custom.severity > 1 and ticket.custom.severity < 3)", [1, 3, None, "2"], [2]),
    ("not (ticket.custom.severity < 1 or not ticket.custom.severity < 3)", [1, 2], [0, 3, None]),
    ("ticket.custom.flag", [True], [1, "true", None, False]),
    ("not ticket.custom.flag", [1, "true", None, False], [True]),
    # Without case, with accents, and in the forms of NFKC.
    (
        "ticket.title contains 'Outage'",
        ["outages", "An OUTAGE!", "\uff2f\uff55\uff54\uff41\uff47\uff45"],
        ["outáge", "out age"],
    ),
    ("ticket.title contains 'outage'", ["outage"], [None, True, 1, "", ["outage"], ("outage",)]),
    ("ticket.title contains 'É'", ["caf\u00e9", "cafe\u0301", "CAFE\u0301"], ["cafe", "\u0301e", "\u00ea"]),
    ("ticket.title contains 'e'", ["cafe", "ce\u0301e"], ["caf\u00e9", "cafe\u0301", "x\u0302"]),
    ("ticket.title contains 'x'", ["x", "x\u0302x"], ["x\u0302"]),  # a letter that has no code point with its accent
    ("ticket.title contains 'STRASSE'", ["Hauptstra\u00dfe", "Stra\u1e9ee"], ["strase"]),
    ("ticket.title contains 'file'", ["pro\ufb01le"], ["fi le"]),
    ("ticket.title contains '.*'", ["a.*b"], ["", "ab", ".", "*."]),
    ("ticket.title contains '$m \\\\'", ["$M \\"], ["m", "$m"]),
    ("ticket.title not contains 'a'", ["b", None, 1], ["A"]),
    ("ticket.title starts with 'Re: '", ["RE: x", "re: "], ["x re: ", "re:", " re: x", None]),
    ("ticket.title starts with 'e'", ["ex"], ["e\u0301x", "\u00e9x"]),
    ("ticket.title not starts with 're:'", ["x", None], ["RE: x"]),
    ("ticket.title ends with '!'", ["No!", "\uff01"], ["!a", "", None]),
    ("ticket.title ends with 'e'", ["CAFE"], ["caf\u00e9", "cafe\u0301"]),
    (
        "ticket.title contains word 'sap'",
        ["SAP", "no sap.", "(Sap)", "sap-hr", "l'SAP"],
        ["sapling", "asap", "sap2", "sap_x"],
    ),
    ("ticket.title contains word 'sap'", ["asap sap"], ["asap saps", "sáp", "sa\u0301p", "sap\u0301", None]),
    ("ticket.title contains word 'C++'", ["in c++", "c++,", "c++11"], ["c", "abc++", "c+"]),
    ("ticket.title contains word '.net'", [".NET", "asp.net"], [".nets", "net"]),
    ("ticket.title contains word 'print server'", ["the print server"], ["print servers", "print  server"]),
    ("ticket.title contains word 'aa'", ["aaa aa", "aa"], ["aaa", "aaaa"]),
    ("ticket.title contains word 'न'", ["न"], ["नि", "क\u094dन"]),
    ("ticket.title contains word '障害'", ["サーバー障害発生", "障害"], ["障", "害障"]),
    ("ticket.title contains word 'サーバー'", ["サーバー障害", "サーバーが"], ["サーバーズ"]),
    (
        "'on-call' in person.groups",
        [("on-call",), ("a", "on-call")],
        [(), ("On-Call",), ("on-call-2",), "on-call", None, 1],
    ),
    ("'on-call' not in person.groups", [(), None, "on-call"], [("on-call",)]),
]

PAIRS: list[tuple[str, list[tuple[Any, Any]], list[tuple[Any, Any]]]] = [
    # condition, values of its two fields for which it holds, and for which it does not
    ("person.id == ticket.custom.note", [("a", "a"), ("", "")], [("a", "A"), (None, None), ("1", 1), ("a", "b")]),
    ("person.id != ticket.custom.note", [("a", "b"), (None, None), ("1", 1)], [("a", "a")]),
    (
        "ticket.custom.severity < ticket.custom.limit",
        [(1, 2), (1, 1.5)],
        [(2, 1), (1, 1), (None, 1), (1, "2"), (False, 1)],
    ),
    ("ticket.custom.severity >= ticket.custom.limit", [(1, 1.0), (2**53 + 1, 2**53)], [(0, 1), (None, None)]),
    ("ticket.custom.flag == ticket.closed_internally", [(True, True)], [(1, True), (True, False), (None, None)]),
    ("ticket.site in person.groups", [("a", ("b", "a"))], [("a", ("A",)), (None, (None,)), ("a", None), ("a", "a")]),
    ("ticket.site not in person.groups", [("a", ()), (None, None)], [("a", ("a",))]),
]


class TestRuleMatcher:
    """The contract."""

    @pytest.mark.parametrize(("condition", "holding", "failing"), CASES, ids=[case[0] for case in CASES])
    def test_a_comparison_is_exact(
        self, match: Matching, condition: str, holding: list[Any], failing: list[Any]
    ) -> None:
        rulebook = rulebook_of([{"for": "site.contacts", "if": condition}], SETTINGS)
        (field,) = rulebook.derive(ALL_TICKS).reads[Audience.CONTACTS]

        answers = match(rulebook, [question(rulebook, {field.name: value}) for value in [*holding, *failing]])

        assert list(answers) == [frozenset({0})] * len(holding) + [frozenset()] * len(failing)

    @pytest.mark.parametrize(("condition", "holding", "failing"), PAIRS, ids=[case[0] for case in PAIRS])
    def test_two_fields_are_compared_exactly(
        self, match: Matching, condition: str, holding: list[Any], failing: list[Any]
    ) -> None:
        rulebook = rulebook_of([{"for": "site.contacts", "if": condition}], SETTINGS)
        names = next(leaves(rulebook.rules[0].condition)).reads  # type: ignore[arg-type]
        facts = [dict(zip(names, pair, strict=True)) for pair in [*holding, *failing]]

        answers = match(rulebook, [question(rulebook, one) for one in facts])

        assert list(answers) == [frozenset({0})] * len(holding) + [frozenset()] * len(failing)

    def test_what_is_computed_of_one_text_is_not_taken_for_another(self, match: Matching) -> None:
        rules = [{"for": "site.contacts", "if": f"ticket.title contains '{one}'"} for one in ("a", "b")]
        rulebook = rulebook_of(rules)
        titles = ["a", "b", "ab", "", "a", None, "b"]
        answers = match(rulebook, [question(rulebook, {"ticket.title": title}) for title in titles])
        assert list(answers) == [{0}, {1}, {0, 1}, set(), {0}, set(), {1}]

    def test_a_missing_field_is_as_null(self, match: Matching) -> None:
        rules = [
            {"for": "site.contacts", "if": "ticket.custom.note == 'a'"},
            {"for": "site.contacts", "if": "ticket.custom.note != 'a'"},
        ]
        rulebook = rulebook_of(rules, SETTINGS)

        assert list(match(rulebook, [question(rulebook)])) == [frozenset({1})]

    def test_no_question_has_no_answer(self, match: Matching) -> None:
        assert list(match(rulebook_of([]), [])) == []

    def test_no_rule_matches_nobody(self, match: Matching) -> None:
        rulebook = rulebook_of([])
        assert list(match(rulebook, [question(rulebook)])) == [frozenset()]

    def test_a_rule_without_a_condition_always_matches(self, match: Matching) -> None:
        rulebook = rulebook_of([{"for": "site.contacts"}, {"for": "product.contacts"}])
        assert list(match(rulebook, [question(rulebook)])) == [frozenset({0, 1})]

    def test_rules_are_for_one_audience(self, match: Matching) -> None:
        rulebook = rulebook_of([{"for": "site.contacts"}, {"for": "site.collaborators"}])
        questions = [question(rulebook, audience=audience) for audience in Audience]
        assert list(match(rulebook, questions)) == [frozenset({0}), frozenset({1})]

    def test_rules_are_for_some_triggers(self, match: Matching) -> None:
        rules = [
            {"for": "site.contacts", "on": ["closed", "opened"]},
            {"for": "site.contacts", "on": ["resolved"], "if": "ticket.priority == 'high'"},
        ]
        rulebook = rulebook_of(rules)
        questions = [question(rulebook, {"ticket.priority": "high"}, trigger=trigger) for trigger in Trigger]

        assert list(match(rulebook, questions)) == [{0}, {1}, {0}, frozenset()]

    def test_rules_are_put_in_force_by_ticks(self, match: Matching) -> None:
        rulebook = rulebook_of([{"for": "site.contacts"}, {"for": "product.contacts"}])
        questions = [question(rulebook, ticks=ticks) for ticks in (0, Category.SITE_CONTACTS.bit, ALL_TICKS)]
        assert list(match(rulebook, questions)) == [frozenset(), {0}, {0, 1}]

    def test_answers_stand_in_the_order_of_the_questions(self, match: Matching) -> None:
        condition = "ticket.custom.severity >= 500"
        rulebook = rulebook_of([{"for": "site.contacts", "if": condition}], SETTINGS)
        values = [(number * 7) % 1_000 for number in range(3_000)]

        answers = match(rulebook, [question(rulebook, {"ticket.custom.severity": value}) for value in values])

        assert [bool(answer) for answer in answers] == [value >= 500 for value in values]

    def test_any_number_of_rules_may_match(self, match: Matching) -> None:
        rules = [{"for": "site.contacts", "if": f"ticket.custom.severity > {number}"} for number in range(600)]
        rulebook = rulebook_of(rules, SETTINGS)
        questions = [question(rulebook, {"ticket.custom.severity": value}) for value in (0, 300, 600)]

        answers = match(rulebook, questions)

        assert list(answers) == [frozenset(), set(range(300)), set(range(600))]

    def test_any_number_of_constants_may_be_named(self, match: Matching) -> None:
        rules = [{"for": "site.contacts", "if": f"ticket.customer == 'c{number}'"} for number in range(900)]
        listed = ", ".join(f"'c{number}'" for number in range(0, 900, 3))
        rulebook = rulebook_of([*rules, {"for": "site.contacts", "if": f"ticket.customer not in ({listed})"}])
        questions = [question(rulebook, {"ticket.customer": name}) for name in ("c0", "c1", "c900")]

        assert list(match(rulebook, questions)) == [{0}, {1, 900}, {900}]

    def test_the_same_question_has_the_same_answer(self, match: Matching) -> None:
        rulebook = rulebook_of([{"for": "site.contacts", "if": "ticket.priority == 'high'"}])
        questions = [question(rulebook, {"ticket.priority": "high"})] * 3
        assert list(match(rulebook, questions)) == [{0}] * 3
