"""What the fields of conditions hold for one save, one trigger of it, and one person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import UNSET, Struct

from engine.directory.records import Person
from engine.rulebook.fields import CUSTOM_PREFIX, TIME_IN
from engine.scope import Scope
from schemas.vocabulary import Channel, Trigger


class Subject(Struct, frozen=True):
    """What a condition is asked about: a save, one trigger of it, one channel, and one person.

    `person` is None for somebody who is not in the directory, `channel` where no condition asks for it.
    """

    scope: Scope
    trigger: Trigger
    person: Person | None
    channel: Channel | None = None


def value_of(field: str, subject: Subject) -> Any:
    """What the field of this name holds; None where it has no value that can be compared."""
    value = _raw_value(field, subject)
    return value if isinstance(value, str | int | float | tuple) else None


def _raw_value(field: str, subject: Subject) -> Any:
    if field.startswith(CUSTOM_PREFIX):
        return (subject.scope.event.ticket.custom or {}).get(field.removeprefix(CUSTOM_PREFIX))
    if field.startswith(TIME_IN):
        return subject.scope.policy.calendars[field.removeprefix(TIME_IN)].is_open(subject.scope.event.time)
    record, _, name = field.partition(".")
    if record == "trigger":
        return subject.trigger.value
    if record == "channel":
        return None if subject.channel is None else subject.channel.value
    if record == "previous":
        return _before(name, subject.scope)
    if field == "ticket.reopened":
        return _is_reopened(subject.scope)
    holder = _HOLDERS[record](subject)
    return None if holder is None else getattr(holder, name)


def _before(name: str, scope: Scope) -> Any:
    if scope.event.previous is None:
        return None
    value = getattr(scope.event.previous, name)
    return getattr(scope.event.ticket, name) if value is UNSET else value


def _is_reopened(scope: Scope) -> bool:
    """Whether the save takes back a resolution or the customer's closure. Where nobody says what was before, it is not.

    So a rule for all other saves (`not ticket.reopened`) still tells people on platforms that send no `previous`.
    """
    ticket, previous = scope.event.ticket, scope.event.previous
    if previous is None or ticket.resolution_marked or ticket.closed_for_customer:
        return False
    return previous.resolution_marked is True or previous.closed_for_customer is True


_HOLDERS: Final[Mapping[str, Callable[[Subject], Any]]] = {
    "event": lambda subject: subject.scope.event,
    "ticket": lambda subject: subject.scope.event.ticket,
    "actor": lambda subject: subject.scope.event.actor,
    "contract": lambda subject: subject.scope.contract,
    "customer": lambda subject: subject.scope.customer,
    "person": lambda subject: subject.person,
}
