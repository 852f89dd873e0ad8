"""A mapping at work: a post in, and what it says about a ticket out, or why it can't be read."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import UNSET, Struct

from intake.mappings.kinds import as_json, as_text
from intake.mappings.lookup import DirectoryLookup
from intake.mappings.paths import Condition
from intake.mappings.payload import read_payload
from intake.mappings.values import Source, Value, View, WrongValueError
from intake.observation import Ignored, Moment, Observation
from intake.post import Post
from schemas.event import Actor
from schemas.refusal import Refusal, RefusedError
from schemas.signature import Signature
from schemas.vocabulary import Origin

MALFORMED: Final = "malformed_payload"
"""The code of a refusal by a mapping."""


class Mapped(Struct, frozen=True):
    """What a post says, and what its mapping could not tell: warnings that name fields, without values."""

    observation: Observation
    warnings: Sequence[Refusal] = ()


class Exclusion(Struct, frozen=True):
    """Posts that are not about a save of a ticket: by a condition, or by a word at a source."""

    because: str
    condition: Condition | None = None
    source: Source | None = None
    words: frozenset[str] = frozenset()
    is_of_others: bool = False
    """The words are those of posts that count; any other word is excluded."""

    def holds(self, view: View) -> bool:
        """Whether the post is one of these."""
        if self.condition is not None:
            return self.condition.holds(view.payload)
        try:
            found = UNSET if self.source is None else self.source.value(view)
            word = None if found is UNSET else as_text(found)
        except (WrongValueError, ValueError):
            # What is no word is none of these.
            word = None
        return (word in self.words) is not self.is_of_others


class Mapping(Struct, frozen=True, kw_only=True):
    """A mapping, ready to be applied. Fields that it does not have are never said."""

    name: str
    source: str
    """The source of the events."""
    ticket: Dict[str, Value]
    """By field of the ticket; `id` is among them. `customer` and `product` come before what is looked up by them."""
    links: Dict[str, Value] = {}
    custom: Dict[str, Value] = {}
    before: Dict[str, Value] | None = None
    tells_before: Condition | None = None
    actor: Dict[str, Value] = {}
    delivery: Value | None = None
    moment: Value | None = None
    time: Value | None = None
    triggers: Value | None = None
    origin: Value | None = None
    notify: Value | None = None
    ignore: Sequence[Exclusion] = ()
    signature: Signature | None = None
    on_malformed: Literal["refuse", "accept"] = "refuse"


def apply(mapping: Mapping, post: Post, lookup: DirectoryLookup, unsaved: str | None = None) -> Mapped | Ignored:
    """What a post says. Raises RefusedError alone, whatever was posted: each refusal names field, path and reason.

    A refusal's value is personal data, see schemas/refusal.py. Where a ticket that is not saved yet may be told of, it
    is created, and `unsaved` stands for its id.
    """
    headers = {name.lower(): text for name, text in post.headers.items()}
    payload = read_payload(post.body, headers.get("content-type", ""))
    view = View(payload, headers, post.received, lookup, post.received)
    for exclusion in mapping.ignore:
        if exclusion.holds(view):
            return Ignored(exclusion.because)
    view.time = _said_or(mapping.time, view, post.received)
    ticket = _ticket(mapping, view, unsaved)
    is_unsaved = unsaved is not None and ticket.get("id") == unsaved
    observation = Observation(
        source=mapping.source,
        ticket=ticket,
        time=view.time,
        moment=Moment.CREATED if is_unsaved else _said_or(mapping.moment, view, Moment.UNKNOWN),
        before=_before(mapping, view),
        triggers=_said_or(mapping.triggers, view, None),
        delivery=_said_or(mapping.delivery, view, None),
        actor=Actor(**_fields(mapping.actor, view)),
        origin=_said_or(mapping.origin, view, Origin.USER),
        notify=_said_or(mapping.notify, view, True),
    )
    if view.refusals:
        raise RefusedError(MALFORMED, *view.refusals)
    return Mapped(observation, tuple(view.warnings))


def _ticket(mapping: Mapping, view: View, unsaved: str | None) -> dict[str, Any]:
    for name, value in mapping.ticket.items():
        said = value.said(view)
        if said is not UNSET:
            view.found[name] = said
    ticket = {name: as_json(value) for name, value in view.found.items()}
    if ticket.get("id") is None and unsaved is not None:
        ticket["id"] = unsaved
    if ticket.get("id") is None and not any(refusal.field == "ticket.id" for refusal in view.refusals):
        view.refusals.append(Refusal("ticket.id", "the post does not say which ticket it is about"))
    links = _fields(mapping.links, view)
    custom = _fields(mapping.custom, view)
    return ticket | ({"links": links} if links else {}) | ({"custom": custom} if custom else {})


def _before(mapping: Mapping, view: View) -> dict[str, Any] | None:
    """Fields as they were before; None: the post does not tell."""
    if mapping.before is None:
        return None
    if mapping.tells_before is not None and not mapping.tells_before.holds(view.payload):
        return None
    fields = _fields(mapping.before, view)
    return None if mapping.tells_before is None and not fields else fields


def _fields(values: Dict[str, Value], view: View) -> dict[str, Any]:
    said = {name: value.said(view) for name, value in values.items()}
    return {name: as_json(value) for name, value in said.items() if value is not UNSET}


def _said_or(value: Value | None, view: View, default: Any) -> Any:
    """What is said, if it is more than null."""
    said = UNSET if value is None else value.said(view)
    return default if said is UNSET or said is None else said
