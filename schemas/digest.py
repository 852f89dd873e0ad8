"""What the template of a digest may name: a type for contacts, without an internal field, and one for collaborators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from schemas.timestamps import Timestamp
from schemas.vocabulary import Trigger

MOST_MESSAGES: Final = 1_000
"""How many messages of one digest its template gets. The others are only counted."""


class CollectedBy(StrEnum):
    """Why messages come in one."""

    DIGEST = "digest"
    """Rules collect them."""
    QUIET = "quiet"
    """Quiet hours held more of them than may come one by one."""
    STORM = "storm"
    """So many came for one mailbox in a short time."""


class DigestMessage(Struct, frozen=True):
    """One message of a digest, with only what that message itself may show."""

    trigger: Trigger
    other_triggers: list[Trigger]
    saved_at: Timestamp
    ticket_id: str
    reference: str
    title: str
    status: str | None
    previous_status: str | None
    product: str | None
    site: str | None
    service: str | None
    customer_name: str | None
    link: str | None


class InternalDigestMessage(DigestMessage, frozen=True):
    """One message of a collaborator's digest."""

    priority: str | None
    actor: str | None


class _Ticket(Struct, frozen=True):
    reference: str
    title: str
    status: str | None
    product: str | None
    site: str | None
    service: str | None
    customer_name: str | None
    link: str | None


class DigestTicket(_Ticket, frozen=True):
    """A ticket that a digest tells of, as its newest message has it, with the messages about it."""

    messages: list[DigestMessage]


class InternalDigestTicket(_Ticket, frozen=True):
    """A ticket that a collaborator's digest tells of."""

    priority: str | None
    messages: list[InternalDigestMessage]


class DigestCounts(Struct, frozen=True):
    """How many messages a digest has of each trigger, those that are only counted among them."""

    opened: int
    resolved: int
    closed: int
    status_changed: int


class ExternalDigest(Struct, frozen=True, tag_field="for", tag="contact"):
    """All that a template of digests for contacts can name.

    `messages` stand in the order in which they came, at most MOST_MESSAGES; `count` is the number of them all, and
    `ticket_count` that of their tickets. `tickets` are the same messages by ticket: see `with_tickets`.
    """

    messages: list[DigestMessage]
    count: int
    ticket_count: int
    counts: DigestCounts
    collected_by: CollectedBy
    person_name: str | None
    tickets: list[DigestTicket] = []


class InternalDigest(Struct, frozen=True, tag_field="for", tag="collaborator"):
    """All that a template of digests for collaborators can name; see ExternalDigest."""

    messages: list[InternalDigestMessage]
    count: int
    ticket_count: int
    counts: DigestCounts
    collected_by: CollectedBy
    person_name: str | None
    tickets: list[InternalDigestTicket] = []


DigestContext = ExternalDigest | InternalDigest

M = TypeVar("M", bound=DigestMessage)


def with_tickets(context: DigestContext) -> DigestContext:
    """The context with its messages by ticket, in the order of the first message of each."""
    if isinstance(context, InternalDigest):
        internal = [InternalDigestTicket(**_newest(own, InternalDigestTicket)) for own in _by_ticket(context.messages)]
        return replace(context, tickets=internal)
    return replace(
        context, tickets=[DigestTicket(**_newest(own, DigestTicket)) for own in _by_ticket(context.messages)]
    )


def _by_ticket(messages: Sequence[M]) -> Iterable[list[M]]:
    found: dict[tuple[str, str], list[M]] = {}
    for one in messages:
        found.setdefault((one.ticket_id, one.reference), []).append(one)
    return found.values()


def _newest(own: Sequence[DigestMessage], kind: type[Struct]) -> dict[str, Any]:
    """The fields of a ticket, as its newest message has it."""
    fields = asdict(max(own, key=lambda one: one.saved_at)) | {"messages": own}
    return {name: fields[name] for name in kind.__struct_fields__}
