"""A notification job (topic `tocsin.jobs`): one message to one person at one address, complete in itself."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.timestamps import Timestamp
from schemas.trace_context import TraceContext
from schemas.vocabulary import Audience, Category, Channel, MessageFormat, PersonKind, Trigger


class PersonRef(Struct, frozen=True, order=True):
    """A person by kind and id."""

    kind: PersonKind
    id: str

    def __str__(self) -> str:
        """As it is written in suppressions and on the command line: `contact/ct-1`."""
        return f"{self.kind}/{self.id}"


CustomValue = str | int | float | bool | None


class TicketView(Struct, frozen=True):
    """What contacts and collaborators alike see of a ticket."""

    id: str
    reference: str
    title: str
    description: str
    status: str | None
    previous_status: str | None
    resolution: str | None
    product: str | None
    site: str | None
    service: str | None
    created_at: Timestamp | None
    link: str | None
    custom: dict[str, CustomValue]


class ExternalTicket(TicketView, frozen=True):
    """What a contact may see: statuses are labels, custom fields only those declared external."""


class InternalTicket(TicketView, frozen=True):
    """What a collaborator sees: all of it."""

    customer_link: str | None
    priority: str | None
    internal_notes: str | None
    closed_internally: bool
    visible_to_customer: bool


class ExternalContext(Struct, frozen=True, tag_field="for", tag="contact"):
    """All that a template for contacts can name. It has no internal field, so that none can reach a contact."""

    ticket: ExternalTicket
    person_name: str | None
    customer_name: str | None
    contract_reference: str | None
    saved_at: Timestamp


class InternalContext(Struct, frozen=True, tag_field="for", tag="collaborator"):
    """All that a template for collaborators can name."""

    ticket: InternalTicket
    person_name: str | None
    customer_name: str | None
    contract_reference: str | None
    saved_at: Timestamp
    actor: str | None


class Form(Struct, frozen=True):
    """How a message is written: the template's name, the format, and the keyword before the subject."""

    template: str
    format: MessageFormat
    subject_keyword: str


BUILT_IN_FORMS: Final[Mapping[Channel, str]] = {Channel.SMS: "built-in/sms", Channel.CHAT: "built-in/chat"}
"""Template names that stand for the sender's own short text. A form has one where the rules name no template."""


class Schedule(Struct, frozen=True):
    """When a job is to go out, where the rules do not send it at once. A sender that does not know it sends at once."""

    at: Annotated[
        Timestamp, Meta(description="The moment, in UTC. Where the job expires by then, it goes out at once.")
    ]
    digest: Annotated[
        bool, Meta(description="Whether all that is due then for one mailbox goes out in one message.")
    ] = False
    said: Annotated[
        str, Meta(description="What the rule says, for people: `daily at 08:00`, `quiet outside support`.")
    ] = ""


class Otherwise(Struct, frozen=True):
    """What the job becomes where another event has claimed its `once` key before."""

    trigger: Trigger
    form: Form
    schedule: Schedule | None = None


class Translation(Struct, frozen=True):
    """A further language of a message: what of its job differs in it.

    The keywords are those of `form`, `otherwise` and `digest`; empty: none.
    """

    language: str
    status: Annotated[str | None, Meta(description="The ticket's, as this reader sees it in this language.")]
    previous_status: str | None
    subject_keyword: str = ""
    otherwise_keyword: str = ""
    digest_keyword: str = ""


class Job(Struct, frozen=True):
    """One message to one person at one address.

    `id` follows from source, event, channel and mailbox alone. `once` is the key that only one event may claim: an
    `opened` job of a later event is sent as `otherwise`, or not at all. Times are in UTC; after `expires` it is never
    sent. `rulebook` is the digest of the rules that made it.
    """

    id: str
    source: str
    event: str
    ticket: str
    trigger: Trigger
    other_triggers: list[Trigger]
    person: PersonRef
    audience: Audience
    channel: Channel
    address: str
    language: str
    time_zone: str
    form: Form
    reply_to: str | None
    context: ExternalContext | InternalContext
    categories: list[Category]
    rules: list[str]
    rulebook: str
    created: Timestamp
    expires: Timestamp
    once: Annotated[str | None, Meta(description="Set on every job of a save that opens the ticket.")] = None
    otherwise: Otherwise | None = None
    customer: Annotated[str | None, Meta(description="The ticket's customer, or the contract client.")] = None
    schedule: Schedule | None = None
    digest: Annotated[
        Form | None, Meta(description="The form of a digest that it carries; left out: the built-in text.")
    ] = None
    trace: Annotated[TraceContext | UnsetType, Meta(description="Kept by a sender that traces; for traces alone.")] = (
        UNSET
    )
    translations: Annotated[
        list[Translation],
        Meta(
            description="The other languages in which the one message is written too, below `language`, in this "
            "order. A sender that does not know them writes the first alone."
        ),
    ] = []

    @property
    def languages(self) -> tuple[str, ...]:
        """All languages of the message, the first one first."""
        return (self.language, *(one.language for one in self.translations))


AT_ONCE: Final = "at once"


def when_sent(job: Job) -> str:
    """When a job goes out, in the words of the rule that decides it: `daily at 08:00`, or `at once`."""
    return AT_ONCE if job.schedule is None else job.schedule.said


JOB_DECODER = msgspec.json.Decoder(Job)

INFORMING: Final[dict[str, type[StrEnum]]] = {"other_triggers": Trigger, "categories": Category}
"""Lists of words that only add information to a job: how it is sent does not depend on them."""


class _Words(Struct):
    other_triggers: list[Any] = []
    categories: list[Any] = []


_WORDS: Final = msgspec.json.Decoder(_Words)


def without_new_words(raw: bytes) -> bytes:
    """The job's JSON without words of later releases that only inform; the same bytes where it has none.

    So a sender takes jobs of a newer engine. A new word in any other place (trigger, channel, format …) stays, and the
    job is refused when it is read: this sender can't do what it asks.
    """
    try:
        words = _WORDS.decode(raw)
        known = {name: [one for one in getattr(words, name) if one in set(kind)] for name, kind in INFORMING.items()}
        if all(known[name] == getattr(words, name) for name in INFORMING):
            return raw
        return msgspec.json.encode(msgspec.json.decode(raw) | known)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        # The reader of jobs refuses it, and says why.
        return raw
