"""A rule of which it is said that it changes nothing: without it, the same people get the same messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec.structs import replace

from engine.rulebook.rulebook import Rule
from schemas.finding import FindingCode
from schemas.problem import Problem
from schemas.vocabulary import Trigger
from tests.support.helpdesk.events import ALL, Helpdesk, saved
from tests.support.helpdesk.rulebooks import rulebook_of
from tocsin.authoring.lint import rules as checked
from tocsin.authoring.lint.rules import problems

OF_OTHERS = ['ticket.priority == "high"', 'ticket.priority in ("high", "low")', 'ticket.priority != "low"']
OF_OTHERS += ['person.language == "fr"']
OF_TRIGGERS = ['trigger == "opened"', 'trigger in ("opened", "resolved")']


def conditions(comparisons: list[str]) -> SearchStrategy[str]:
    one = st.sampled_from(comparisons)
    return st.one_of(one, st.builds("{} and {}".format, one, one), st.builds("{} or not ({})".format, one, one))


ANY = conditions(OF_OTHERS + OF_TRIGGERS)
WITHOUT_TRIGGERS = conditions(OF_OTHERS)
SEND = st.fixed_dictionaries(
    {},
    optional={
        "template": st.sampled_from(["a", "b"]),
        "keyword": st.sampled_from(["A", "B"]),
        "format": st.sampled_from(["html", "text"]),
        "channels": st.sampled_from([["email"], ["fax"], ["email", "fax"]]),
    },
)
NAMES = ["one", "two", "three", "four"]


@st.composite
def rule_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rules for two categories. One may take the place of an earlier one, so that there is no circle."""
    found: list[dict[str, Any]] = []
    for name in NAMES[: draw(st.integers(2, 4))]:
        rule = {
            "rule": name,
            "for": draw(st.sampled_from(["site.collaborators", "site.collaborators", "contract.collaborators"])),
            "send": draw(SEND),
        }
        if draw(st.booleans()):
            rule["on"] = draw(st.lists(st.sampled_from(ALL), min_size=1, unique=True))
        if draw(st.booleans()):
            # A trigger that the rule is not for would be an error in its condition.
            rule["if"] = draw(WITHOUT_TRIGGERS if "on" in rule else ANY)
        triggers = set(rule.get("on", ALL))
        earlier = [one["rule"] for one in found if triggers & set(one.get("on", ALL))]
        if earlier and draw(st.integers(0, 2)) == 0:
            rule["instead_of"] = draw(st.sampled_from(earlier))
        found.append(rule)
    return found


def desk() -> Helpdesk:
    desk = Helpdesk()
    modes = [
        {"channel": "email", "address": "li@desk.example", "active": True},
        {"channel": "fax", "address": "+33140000001", "active": True},
    ]
    desk.collaborator("co-1", "site/S-paris", "contract/C-7", modes=modes)
    desk.collaborator("co-2", "site/S-paris", modes=[{**modes[0], "address": "lea@desk.example"}], language="fr")
    return desk


DESK = desk()
EVENTS = [
    saved(previous, {"priority": priority, **ticket})
    for priority in ("high", "low", None)
    for previous, ticket in (
        (None, {}),
        ({"resolution_marked": False}, {"resolution_marked": True}),
        ({"status": "new"}, {}),
        ({"closed_for_customer": False}, {"closed_for_customer": True}),
    )
]


def messages(rules: Sequence[dict[str, Any]]) -> list[Any]:
    """Who gets what, whichever rules made it."""
    rulebook = rulebook_of(rules)
    decided = (DESK.decide(event, rulebook) for event in EVENTS)
    return [[replace(job, rules=[]) for job in decision.jobs] for decision in decided]


def found_in(rules: Sequence[dict[str, Any]]) -> list[Problem]:
    rulebook = rulebook_of(rules)
    return list(problems(rulebook, rulebook.rules))


def mended(rules: Sequence[dict[str, Any]], problem: Problem) -> list[dict[str, Any]]:
    """The rules without what, as it is said, makes no difference."""
    index, key = int(problem.path[1]), problem.path[-1]
    rule = rules[index]
    match problem.code:
        case FindingCode.SAME_RULE | FindingCode.SHADOWED_RULE:
            gone, kept = rule["rule"], [one for one in rules if one is not rule]
        case FindingCode.SHADOWED_SETTING:
            send = {name: value for name, value in rule["send"].items() if name != key}
            gone, kept = None, [{**one, "send": send} if one is rule else one for one in rules]
        case FindingCode.NEVER_REPLACES:
            gone, kept = rule["instead_of"], [*rules]
            return [{name: value for name, value in one.items() if one is not rule or name != key} for one in kept]
        case FindingCode.ALWAYS_REPLACED:
            gone, kept = rule["instead_of"], [one for one in rules if one["rule"] != rule["instead_of"]]
        case code:
            raise AssertionError(code)
    return [{name: value for name, value in one.items() if (name, value) != ("instead_of", gone)} for one in kept]


@settings(max_examples=120, deadline=None)
@given(rules=rule_lists())
def test_what_makes_no_difference_makes_none(rules: list[dict[str, Any]]) -> None:
    found = found_in(rules)
    before = messages(rules) if found else []
    for problem in found:
        assert messages(mended(rules, problem)) == before, problem.message


def test_a_rule_that_would_be_missed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: if every rule counted as covered by every other, the property above would be broken."""

    def always(self: object, wider: Rule, rule: Rule) -> bool:
        return wider is not rule

    rules = [
        {"rule": "one", "for": "site.collaborators", "if": 'ticket.priority == "high"'},
        {"rule": "two", "for": "site.collaborators", "if": 'ticket.priority == "low"'},
    ]
    assert found_in(rules) == []
    monkeypatch.setattr(checked._Rules, "_covers", always)
    (problem, *_) = found_in(rules)
    assert messages(mended(rules, problem)) != messages(rules)


def test_the_events_raise_every_trigger() -> None:
    every = {job.trigger for jobs in messages([{"rule": "one", "for": "site.collaborators"}]) for job in jobs}
    assert every == set(Trigger)


def test_of_many_rules_each_is_compared_with_the_one_that_always_matches() -> None:
    narrow = [
        {"rule": f"r{number}", "for": "site.contacts", "if": f'ticket.title contains "{number}"'}
        for number in range(150)
    ]
    found = found_in([*narrow, {"rule": "all", "for": "site.contacts"}])
    assert [problem.code for problem in found] == [FindingCode.NOT_ALL_COMPARED, *[FindingCode.SHADOWED_RULE] * 150]


def test_rules_that_are_all_compared_are_not_said_not_to_be() -> None:
    narrow = [
        {"rule": f"r{number}", "for": "site.contacts", "if": f'ticket.title contains "{number:02}x"'}
        for number in range(71)
    ]
    assert found_in(narrow) == []
    (problem,) = found_in([*narrow, {"rule": "other", "for": "site.contacts", "if": 'ticket.title contains "y"'}])
    assert (problem.code, problem.path) == (FindingCode.NOT_ALL_COMPARED, ("rules",))
