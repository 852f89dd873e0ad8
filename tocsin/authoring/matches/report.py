"""What one rule does on recorded events, as a person reads it, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rule
from tocsin.authoring.explain.case import called
from tocsin.authoring.matches.tally import MOST_TOLD_APART, RuleTally

_MOST_LISTED: Final = 10
_MOST_PEOPLE: Final = 5


def report(rules: Sequence[Rule], tally: RuleTally, directory: Directory) -> Iterator[str]:
    """The lines of the report."""
    refused = f" ({tally.refused} refused)" if tally.refused else ""
    yield f"Rule {rules[0].name}, for {', '.join(rule.category for rule in rules)}: {_condition(rules[0])}"
    yield f"It matches {tally.matched} of {_number(tally.events, 'event', 'events')}{refused}"
    if tally.matched:
        tickets = _some(len(tally.tickets), "ticket", "tickets")
        yield f"  of {tickets}, for {_some(len(tally.people), 'person', 'people')}"
        yield f"  {tally.told} of these events bring messages, to {_some(len(tally.people_told), 'person', 'people')}"
    for example in tally.examples:
        people = [called(person, directory) for person in example.people]
        more = f" and {len(people) - _MOST_PEOPLE} more" if len(people) > _MOST_PEOPLE else ""
        yield f"  e.g. ticket {example.ticket}, event {example.event}: {', '.join(people[:_MOST_PEOPLE])}{more}"
    yield from _counts("It matches, and brings no message (people, counted for each event):", tally.not_told, tally)
    yield from _counts("It does not match (events, by what stops it first):", tally.kept_by, tally)


def _condition(rule: Rule) -> str:
    return "no condition" if rule.text is None else f"if {rule.text}"


def _some(count: int, one: str, several: str) -> str:
    return ("at least " if count >= MOST_TOLD_APART else "") + _number(count, one, several)


def _number(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _counts(heading: str, counts: Counter[str], tally: RuleTally) -> Iterator[str]:
    if counts:
        yield ""
        yield heading
    for what, count in counts.most_common(_MOST_LISTED):
        yield f"  {count}: {what}"
        if what in tally.such_as:
            yield f"     such as {tally.such_as[what]}"
    if len(counts) > _MOST_LISTED:
        yield f"  {sum(count for _, count in counts.most_common()[_MOST_LISTED:])}: others"


def as_json(rules: Sequence[Rule], tally: RuleTally) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "rule": rules[0].name,
        "categories": [rule.category for rule in rules],
        "events": tally.events,
        "refused": tally.refused,
        "matched": tally.matched,
        "bring_messages": tally.told,
        "tickets": len(tally.tickets),
        "people": len(tally.people),
        "people_told": len(tally.people_told),
        "not_told": dict(tally.not_told.most_common()),
        "not_matched": dict(tally.kept_by.most_common()),
        "examples": [
            {"ticket": one.ticket, "event": one.event, "people": list(map(str, one.people))} for one in tally.examples
        ],
    }
