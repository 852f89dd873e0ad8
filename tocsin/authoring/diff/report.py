"""What differs, as a person reads it, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from engine.directory.directory import Directory
from schemas.job import Job, when_sent
from tocsin.authoring.diff.changes import ChangeKind
from tocsin.authoring.diff.tally import MOST_PEOPLE, Example, KindTally, Tally
from tocsin.authoring.explain.case import called
from tocsin.authoring.rule_tests.expectations import BY

_MOST_LISTED: Final = 10

_TITLES: Final = {
    ChangeKind.GAINS: "Get a message that they did not get before",
    ChangeKind.LOSES: "No longer get a message",
    ChangeKind.CHANNEL: "Get it on another channel",
    ChangeKind.ADDRESS: "Get it at another address",
    ChangeKind.TRIGGER: "Get it about another trigger",
    ChangeKind.TEMPLATE: "Get it by another template",
    ChangeKind.KEYWORD: "Get it under another keyword",
    ChangeKind.FORMAT: "Get it in another format",
    ChangeKind.SCHEDULE: "Get it at another time",
    ChangeKind.LANGUAGE: "Get it in another language",
    ChangeKind.OTHER: "Get it in other words (labels, fields, other triggers, reply-to, time zone, expiry)",
}


def report(tally: Tally, old: Directory, new: Directory) -> Iterator[str]:
    """The lines of the report."""
    refused = f" ({tally.refused} refused)" if tally.refused else ""
    differs = f"{tally.changed_events} would alert otherwise" if tally.is_changed else "nothing changes"
    yield f"{_number(tally.events, 'event', 'events')}{refused}: {differs}"
    for kind in ChangeKind:
        found = tally.kinds.get(kind)
        if found is not None:
            yield ""
            yield f"{_TITLES[kind]}: {_number(found.messages, 'message', 'messages')}, {_people(found)}"
            yield from _counts("rule", found.rules)
            yield from _counts("contract", found.contracts)
            yield from (line for example in found.examples for line in _example(example, old, new))
    yield from _unmatched(tally)


def _unmatched(tally: Tally) -> Iterator[str]:
    """The new rules that no event would have put to use: a slip in a condition, most often."""
    names = tally.unmatched[1]
    if names:
        yield ""
        of = _number(tally.events, "event", "events")
        yield f"New rules that match none of these {of} (why: `tocsin match RULE`): {len(names)}"
        yield from (f"  {name}" for name in names)


def _people(found: KindTally) -> str:
    at_least = "at least " if len(found.people) >= MOST_PEOPLE else ""
    return at_least + _number(len(found.people), "person", "people")


def _number(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _counts(what: str, counts: Counter[str]) -> Iterator[str]:
    for name, count in counts.most_common(_MOST_LISTED):
        yield f"  {what} {name}: {count}"
    if len(counts) > _MOST_LISTED:
        rest = sum(count for _, count in counts.most_common()[_MOST_LISTED:])
        yield f"  {len(counts) - _MOST_LISTED} more {what}s: {rest}"


def _example(example: Example, old: Directory, new: Directory) -> Iterator[str]:
    change = example.change
    directory = new if change.new is not None else old
    yield f"  e.g. {called(change.person, directory)}: {_difference(example)}"
    yield f"       event {example.event}, ticket {example.ticket}, contract {example.contract}"


def _difference(example: Example) -> str:
    change = example.change
    old, new = change.old, change.new
    if change.kind is ChangeKind.OTHER and new is not None:
        return f"{_message(new)} reads otherwise"
    if old is not None and new is not None:
        return f"{_value(change.kind, old)}, then {_value(change.kind, new)} ({_message(new)})"
    cause = example.cause
    why = f"{cause.why} [{cause.reason}]" if cause is not None else "nothing attaches them to the ticket"
    if new is not None:
        return f"{_message(new)}, by rule {', '.join(new.rules)} (before: {why})"
    return f"{_message(old)}, by rule {', '.join(old.rules)} (now: {why})" if old is not None else ""


def _message(job: Job) -> str:
    return f"`{job.trigger}` {BY[job.channel]}"


def _value(kind: ChangeKind, job: Job) -> str:
    match kind:
        case ChangeKind.CHANNEL:
            return BY[job.channel]
        case ChangeKind.ADDRESS:
            return job.address
        case ChangeKind.TRIGGER:
            return f"`{job.trigger}`"
        case ChangeKind.TEMPLATE:
            return job.form.template
        case ChangeKind.KEYWORD:
            return f"`{job.form.subject_keyword}`"
        case ChangeKind.FORMAT:
            return job.form.format
        case ChangeKind.SCHEDULE:
            return when_sent(job)
        case _:
            return ", ".join(job.languages)


def as_json(tally: Tally) -> dict[str, Any]:
    """The same as plain data: all counts, and the examples."""
    return {
        "events": tally.events,
        "refused": tally.refused,
        "changed_events": tally.changed_events,
        "changes": {kind.value: _kind_view(tally.kinds[kind]) for kind in ChangeKind if kind in tally.kinds},
        "unmatched_rules": dict(zip(("old", "new"), tally.unmatched, strict=True)),
    }


def _kind_view(found: KindTally) -> dict[str, Any]:
    return {
        "messages": found.messages,
        "people": len(found.people),
        "rules": dict(found.rules.most_common()),
        "contracts": dict(found.contracts.most_common()),
        "examples": [_example_view(example) for example in found.examples],
    }


def _example_view(example: Example) -> dict[str, Any]:
    change = example.change
    return {
        "event": example.event,
        "ticket": example.ticket,
        "contract": example.contract,
        "person": str(change.person),
        "reason": None if example.cause is None else example.cause.reason,
        "before": None if change.old is None else _job_view(change.old),
        "after": None if change.new is None else _job_view(change.new),
    }


def _job_view(job: Job) -> dict[str, Any]:
    return {
        "trigger": job.trigger,
        "channel": job.channel,
        "template": job.form.template,
        "keyword": job.form.subject_keyword,
        "format": job.form.format,
        "when": when_sent(job),
        "language": job.language,
        "languages": [*job.languages],
        "rules": job.rules,
        "categories": job.categories,
    }
