"""The topics: keys, headers and payloads of their records, who writes and reads them, and how long they are kept."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from schemas.dead_letter import PREFIX
from schemas.topics import DEAD_LETTERS, DECISIONS, DIRECTORY, JOBS, OUTCOMES, SUPPRESSIONS, TICKETS

_TICKET_KEY: Final = "The ticket's id, so that all that is about a ticket keeps its order."
_RECORD_KEY: Final = "KIND/ID of the record, such as contract/C-7."


class Message(Struct, frozen=True):
    """One form of a topic's records. `payload` is a JSON Schema, or a reference to a published one."""

    name: str
    summary: str
    payload: dict[str, Any]
    key: str
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    required: tuple[str, ...] = ()


class Channel(Struct, frozen=True):
    """A topic and its configuration.

    A topic without `kept_days` is compacted: the newest record of each key stays. `largest` is the limit of a record,
    in MiB.
    """

    name: str
    topic: str
    description: str
    messages: tuple[Message, ...]
    kept_days: int | None
    largest: int


def _published(schema: str, kind: str | None = None) -> dict[str, Any]:
    return {"$ref": f"./json/{schema}.schema.json" + (f"#/$defs/{kind}" if kind else "")}


_REMOVED: Final[dict[str, Any]] = {"type": "null"}

_SENT_AGAIN: Final = {
    PREFIX + "first_came": "Where it was a dead letter and is sent again: when it first came, as in RFC 3339.",
}

_TRACED: Final = {
    "traceparent": "The trace that it belongs to (W3C Trace Context), where traces are on; read for traces alone.",
    "tracestate": "What tracing systems add to it.",
}

_CLOUD_EVENT: Final = {
    "ce_specversion": "1.0",
    "ce_id": "The event's id; with ce_source it names the event, so a second one alerts nobody again.",
    "ce_source": "Which helpdesk, such as /helpdesk.",
    "ce_type": "ticket.saved, or a type that names the trigger: ticket.opened, ticket.closed and so on.",
    "ce_time": "When the ticket was saved, as in RFC 3339; else the time of the record counts.",
    "ce_subject": "The ticket's id; not read.",
    "content-type": "application/json",
}

_DEAD_LETTER: Final = {
    PREFIX + "topic": "The topic from which the record was read.",
    PREFIX + "partition": "Its partition.",
    PREFIX + "offset": "Its offset.",
    PREFIX + "first_came": "When it first came, as in RFC 3339: sent again, it is judged by that.",
    PREFIX + "code": "The class of the fault in snake case; docs/events.md has the list.",
    PREFIX + "message": "What is wrong, naming the field and never its value.",
}

CHANNELS: Final = (
    Channel(
        "tickets",
        TICKETS,
        "One event for each save of a ticket, in the order of the saves. Records are stamped by the broker.",
        (
            Message(
                "ticketEventStructured",
                "A ticket was saved: CloudEvents 1.0, structured content mode.",
                _published("ticket-event"),
                _TICKET_KEY,
                "application/cloudevents+json",
                {
                    "content-type": "application/cloudevents+json. Without it, ce_specversion tells the content mode.",
                    **_TRACED,
                    **_SENT_AGAIN,
                },
            ),
            Message(
                "ticketEventBinary",
                "The same in binary content mode: the attributes are headers, the value is the event's `data`.",
                _published("ticket-event", "TicketData"),
                _TICKET_KEY,
                headers={**_CLOUD_EVENT, **_TRACED, **_SENT_AGAIN},
                required=("ce_specversion", "ce_id", "ce_source", "ce_type"),
            ),
        ),
        kept_days=7,
        largest=2,
    ),
    Channel(
        "directory",
        DIRECTORY,
        "Contracts, the objects attached to them, people and suppressions. The newest record of a key counts.",
        (
            Message("directoryRecord", "A record, whole.", _published("directory-record"), _RECORD_KEY),
            Message("directoryRemoval", "A null value removes the record of the key.", _REMOVED, _RECORD_KEY),
        ),
        kept_days=None,
        largest=2,
    ),
    Channel(
        "suppressions",
        SUPPRESSIONS,
        "Addresses and people that must not be alerted, as the sender learns of them; read beside the directory.",
        (
            Message(
                "suppression",
                "From now on nothing is sent to this address or person.",
                _published("directory-record", "SuppressionRecord"),
                _RECORD_KEY,
            ),
            Message("suppressionRemoval", "A null value lifts the suppression of the key.", _REMOVED, _RECORD_KEY),
        ),
        kept_days=None,
        largest=2,
    ),
    Channel(
        "jobs",
        JOBS,
        "One message to one person at one address, complete in itself. It holds addresses and texts.",
        (Message("job", "A notification job.", _published("job"), _TICKET_KEY, headers=_TRACED),),
        kept_days=7,
        largest=2,
    ),
    Channel(
        "decisions",
        DECISIONS,
        "For each event: who is alerted, who is not, and why. It holds ids, no addresses and no texts.",
        (Message("decision", "What became of one event.", _published("decision"), _TICKET_KEY, headers=_TRACED),),
        kept_days=30,
        largest=8,
    ),
    Channel(
        "deadLetters",
        DEAD_LETTERS,
        "Records that could not be used, byte for byte as they came. It may hold whatever was sent: keep it apart.",
        (
            Message(
                "deadLetter",
                "Value, key and headers as they came, after the headers that say where from and why.",
                {"description": "Any bytes."},
                "The key as it came, or none.",
                "application/octet-stream",
                _DEAD_LETTER,
                tuple(_DEAD_LETTER),
            ),
        ),
        kept_days=14,
        # A little more than the largest record that is kept whole (dead_letter.WHOLE_BYTES).
        largest=4,
    ),
    Channel(
        "outcomes",
        OUTCOMES,
        "What becomes of each job: one record for each change of its state.",
        (Message("outcome", "What became of one job.", _published("outcome"), _TICKET_KEY),),
        kept_days=30,
        largest=2,
    ),
)

OPERATIONS: Final = (
    ("platform", "send", "tickets", "After the save is committed: one event for each save."),
    ("platform", "send", "directory", "The platform keeps the directory up to date, each record whole."),
    ("platform", "receive", "decisions", "To show at a ticket who was told, and why somebody was not."),
    ("platform", "receive", "outcomes", "To show at a ticket what became of each message."),
    ("engine", "receive", "tickets", "Read committed. What can't be used becomes a dead letter."),
    ("engine", "receive", "directory", "Read to its end before each batch of events is decided."),
    ("engine", "receive", "suppressions", "Read with the directory."),
    ("engine", "send", "jobs", "In one transaction with decisions, dead letters and the position in the tickets."),
    ("engine", "send", "decisions", "In the same transaction: one for each event that could be read."),
    ("engine", "send", "deadLetters", "In the same transaction."),
    ("sender", "receive", "jobs", "Read committed, into the ledger; a job that is known by its id is dropped."),
    ("sender", "send", "deadLetters", "A job that can't be read."),
    ("sender", "send", "outcomes", "After the ledger has recorded the change."),
    ("sender", "send", "suppressions", "Where a mail server refused an address for good."),
)
"""For each operation the party, the action, the channel, and when or how it happens."""
