"""What a post says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from outcomes.endpoint import DELIVERED, ENDED, Endpoint
from schemas.job import Job
from schemas.outcome import Outcome
from schemas.outcome_posts import (
    JOB_PREFIX,
    MOST_JOBS,
    TICKET_TOLD,
    JobData,
    JobPost,
    TicketData,
    TicketPost,
    ToldJob,
    ToldPerson,
    ToldTicket,
)

# RFC 5321, section 4.2, and RFC 3463, section 2.
_CODES: Final = re.compile(r"[2-5][0-9]{2}(?:[ -][245]\.[0-9]{1,3}\.[0-9]{1,3})?(?![0-9.])")

_TOLD_JOB: Final = msgspec.json.Decoder(ToldJob)


class Written(Struct, frozen=True):
    """A post as it goes out: its type, and its body in JSON."""

    type: str
    body: bytes


def told_job(outcome: Outcome, job: Job | None, endpoint: Endpoint) -> ToldJob:
    """How the message stands, as this endpoint may know it. `job` is None where it is no longer kept."""
    is_personal = endpoint.personal_data and job is not None
    person = ToldPerson(
        outcome.person.kind,
        outcome.person.id,
        job.context.person_name if is_personal and job else None,
        job.address if is_personal and job else None,
    )
    return ToldJob(
        id=outcome.job,
        person=person,
        channel=outcome.channel,
        trigger=outcome.trigger,
        state=outcome.state,
        transition=outcome.transition,
        sequence=outcome.sequence,
        attempt=outcome.attempt,
        at=outcome.at,
        reply=outcome.reply if endpoint.personal_data else _codes(outcome.reply),
    )


def told_ticket(outcome: Outcome, job: Job | None) -> ToldTicket:
    """The ticket of an outcome."""
    return ToldTicket(outcome.source, outcome.ticket, job.context.ticket.reference if job is not None else None)


def job_post(outcome: Outcome, job: Job | None, endpoint: Endpoint) -> Written:
    """The post about one change of one job."""
    told = told_job(outcome, job, endpoint)
    data = JobData(told_ticket(outcome, job), outcome.event, told)
    kind = f"{JOB_PREFIX}{outcome.state}"
    return Written(kind, msgspec.json.encode(JobPost(kind, outcome.at, data)))


def ticket_post(ticket: ToldTicket, event: str, jobs: Sequence[bytes], now: datetime) -> Written:
    """The post about all jobs of a save, each in JSON as `told_job` gave it."""
    all_jobs = sorted(map(_TOLD_JOB.decode, jobs), key=lambda job: (job.at, job.id))
    named = all_jobs[:MOST_JOBS]
    data = TicketData(
        ticket,
        event,
        complete=have_ended(all_jobs),
        told=[job for job in named if job.state == DELIVERED],
        not_told=[job for job in named if job.state in ENDED and job.state != DELIVERED],
        waiting=[job for job in named if job.state not in ENDED],
        left_out=len(all_jobs) - len(named),
    )
    return Written(TICKET_TOLD, msgspec.json.encode(TicketPost(TICKET_TOLD, now, data)))


def have_ended(jobs: Iterable[ToldJob]) -> bool:
    """Whether none of these jobs goes on."""
    return all(job.state in ENDED for job in jobs)


def states_of(jobs: Sequence[bytes]) -> list[str]:
    """The states of jobs in JSON."""
    return [_TOLD_JOB.decode(one).state for one in jobs]


def _codes(reply: str | None) -> str | None:
    """Code and enhanced code of a reply, without its words; None where it has none."""
    found = _CODES.match(reply or "")
    return found[0] if found else None
