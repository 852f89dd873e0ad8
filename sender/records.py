"""What a ledger holds: jobs and their states, reports, changes; and the keys of jobs: lane, domain, recipient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from schemas.directory import SuppressionRecord
from schemas.hashing import hash_of
from schemas.job import Form, Job, PersonRef, Schedule
from schemas.mailbox import mailbox
from schemas.vocabulary import Audience, Channel, PersonKind, Trigger
from sender.states import Hold, Standing, State, Transition

_A_CONTACT: Final = f"{PersonKind.CONTACT}/"
TEXTS: Final = frozenset({Channel.SMS, Channel.CHAT})
"""Channels that take plain text and no mail."""

MAIL: Final = "mail"
"""The transport of e-mails, and of faxes, which go to a gateway as mails: the relay."""

TRANSPORTS: Final = (MAIL, *sorted(channel.value for channel in TEXTS))
"""What messages are handed over to, each with jobs under way of its own: none waits for another."""


class Admission(StrEnum):
    """What acceptance made of one job."""

    ACCEPTED = "accepted"
    DIVERTED = "diverted"
    """Another event has its `once` key: it goes under its `otherwise`."""
    DROPPED = "dropped"
    """Another event has its `once` key, and it has no `otherwise`. It is kept in this state, for people to see."""
    DUPLICATE = "duplicate"
    """The ledger knows a job of this id. The one that came first stays as it is."""


BEGINNINGS: Final[Mapping[Admission, Transition]] = {
    Admission.ACCEPTED: Transition.ACCEPTED,
    Admission.DIVERTED: Transition.DIVERTED,
    Admission.DROPPED: Transition.DROPPED,
}
"""How a job begins after each admission but `duplicate`."""


class LedgerEntry(Struct, frozen=True):
    """A job in the ledger. It holds addresses and texts: never log one whole."""

    job: Job
    diverted: bool
    standing: Standing

    @property
    def trigger(self) -> Trigger:
        """The trigger under which it goes out."""
        return self.job.otherwise.trigger if self.diverted and self.job.otherwise else self.job.trigger

    @property
    def form(self) -> Form:
        """The form in which it goes out."""
        return self.job.otherwise.form if self.diverted and self.job.otherwise else self.job.form

    @property
    def schedule(self) -> Schedule | None:
        """When it is to go out; None: at once, also where it would expire before."""
        schedule = self.job.otherwise.schedule if self.diverted and self.job.otherwise else self.job.schedule
        return None if schedule is None or schedule.at >= self.job.expires else schedule


class Report(Struct, frozen=True):
    """What happened to a job in one attempt; 0 is the time before its first one.

    `until` is the time of the next try where the transition leads to one. `code` and `text` are the relay's
    reply, or our own words where none came; `fault` says what was wrong with the template. They may hold addresses.
    `hold` is what keeps the job back where the transition holds it, `owner` the process that claims it. `suppress` is
    what the reply said of the address for good: it is kept with the report, or not at all.
    """

    job: str
    attempt: int
    transition: Transition
    until: datetime | None = None
    code: int | None = None
    text: str | None = None
    fault: str | None = None
    hold: Hold | None = None
    suppress: SuppressionRecord | None = None
    owner: str | None = None


class Change(Struct, frozen=True):
    """One change of a job, as it is kept. `sequence` counts the changes of a job from 1, without a gap."""

    sequence: int
    at: datetime
    transition: Transition
    state: State
    attempt: int
    code: int | None = None
    text: str | None = None
    fault: str | None = None


class Selection(Struct, frozen=True):
    """Which jobs to list; everything that is given must hold.

    Times are those of acceptance, from `since` to before `until`. `customers` are those of whom somebody may see jobs
    (None: all); a job without a customer is then not listed.
    """

    ticket: str | None = None
    person: PersonRef | None = None
    states: frozenset[State] = frozenset()
    hold: Hold | None = None
    customer: str | None = None
    template: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    customers: frozenset[str] | None = None


class Subject(StrEnum):
    """What jobs are about, or whom they are for."""

    TICKET = "ticket"
    PERSON = "person"


class Listed(Struct, frozen=True):
    """One line of a list of jobs. `accepted` and `changed` are the times of its first and last change."""

    entry: LedgerEntry
    accepted: datetime
    changed: datetime


def subject_of(job: Job, subject: Subject) -> str:
    """The ticket's id, or the person as `contact/ct-1`."""
    return job.ticket if subject is Subject.TICKET else str(job.person)


def lane_of(job: Job) -> str:
    """The lane of a job: 128 bits of a hash of source, ticket, channel and mailbox."""
    return hash_of(job.source, job.ticket, job.channel.value, mailbox(job.address))


def domain_of(job: Job) -> str:
    """The key of backoff: the domain of an e-mail address; else the channel, since one service takes all of it."""
    return mailbox(job.address).rpartition("@")[2] if job.channel is Channel.EMAIL else job.channel.value


def transport_of(channel: Channel) -> str:
    """Which of the TRANSPORTS takes this channel's messages."""
    return channel.value if channel in TEXTS else MAIL


def recipient_of(job: Job) -> str:
    """Whom a storm buries: 128 bits of a hash of channel, mailbox and audience.

    The audience, since a digest for contacts must not list what collaborators are told.
    """
    return _recipient(job.channel, job.address, job.audience)


def recipients_at(address: str) -> list[str]:
    """Every recipient that a job to this address may have."""
    return [_recipient(channel, address, audience) for channel in Channel for audience in Audience]


def _recipient(channel: Channel, address: str, audience: Audience) -> str:
    return hash_of(channel.value, mailbox(address), audience.value)


def reader_of(person: str) -> str:
    """Who reads a digest that lists jobs of this person (`contact/ct-1`): a contact alone, all collaborators together.

    Collaborators of one mailbox have one name, which is empty.
    """
    return person if person.startswith(_A_CONTACT) else ""


def admission_of(job: Job, holder: tuple[str, str] | None) -> Admission:
    """What becomes of a new job whose `once` key is held by this event (source, id); None where nobody holds it."""
    if job.trigger is not Trigger.OPENED or holder is None or holder == (job.source, job.event):
        # Jobs about something else claim the key for their event, and go out whoever holds it.
        return Admission.ACCEPTED
    return Admission.DROPPED if job.otherwise is None else Admission.DIVERTED
