"""The event of a test: the usual save, and what the test says differs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET

from schemas.event import Event, read_event
from schemas.problem import Path as ValuePath
from schemas.problem import Problem
from schemas.refusal import Refusal, RefusedError
from schemas.rule_test import Given, RuleTest
from schemas.timestamps import Timestamp, in_utc
from tocsin.authoring.rule_tests.given_directory import GivenDirectory, merged, only, steps

MOMENT: Final = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
"""When a ticket is saved in a test that names no time."""

_TICKET: Final[Mapping[str, Any]] = {
    "id": "T-1042",
    "reference": "2026-1042",
    "title": "Invoices do not print",
    "external_description": "Since this morning nothing prints.",
    "status": "in_progress",
    "resolution_marked": False,
    "closed_for_customer": False,
}

_USUAL_CONTRACT: Final = "C-7"
_DATA: Final = ("triggers", "origin", "notify")


def save(
    test: RuleTest, given: Given, around: GivenDirectory, path: ValuePath, problems: list[Problem]
) -> tuple[Event, datetime] | None:
    """The event that a test is about, and when it is judged; None where that can't be: `problems` then says why."""
    time, now = (_moment(getattr(test, key), (*path, key), problems) for key in ("time", "now"))
    wire = {
        "specversion": "1.0",
        "id": "E-1",
        "source": "/rule-test",
        "type": "ticket.saved",
        "time": time or now or MOMENT,
        "data": _data(test, given, around),
    }
    try:
        event = read_event(msgspec.json.encode(wire), MOMENT)
    except RefusedError as error:
        problems += [Problem((*path, *_place(one)), one.shown()) for one in error.refusals]
        return None
    # Judged at its own time unless the test says otherwise, so that no test becomes stale.
    return event, now or event.time


def _moment(text: str | None, path: ValuePath, problems: list[Problem]) -> datetime | None:
    try:
        return None if text is None else in_utc(str(path[-1]), msgspec.convert(text, Timestamp))
    except (msgspec.ValidationError, RefusedError):
        problems.append(Problem(path, f"{text!r} is no time with an offset, such as 2026-03-02T09:15:00Z"))
        return None


def _data(test: RuleTest, given: Given, around: GivenDirectory) -> dict[str, Any]:
    # The author's own directory may have many contracts: the test names one, unless there is only one.
    usual = _USUAL_CONTRACT if ("contract", _USUAL_CONTRACT) in around.records else only(around.records, "contract")
    ticket: dict[str, Any] = {**_TICKET, "contract": usual}
    for changes in (given.ticket, test.given.ticket if test.given is not None else {}, test.ticket):
        ticket = merged(ticket, changes)
    if "customer" not in ticket:
        ticket["customer"] = around.records.get(("contract", str(ticket["contract"])), {}).get("client")
    data: dict[str, Any] = {"ticket": ticket, "actor": _actor(test)}
    if test.previous is not UNSET or test.triggers is None:
        data["previous"] = None if test.previous is UNSET else test.previous
    data |= {name: getattr(test, name) for name in _DATA if getattr(test, name) is not None}
    return data


def _actor(test: RuleTest) -> object:
    if not isinstance(test.actor, str):
        return test.actor
    kind, _, person = test.actor.partition("/")
    return {"kind": kind, "id": person}


def _place(refusal: Refusal) -> ValuePath:
    found = steps(refusal)
    return found[1:] if found[:1] == ("data",) else found
