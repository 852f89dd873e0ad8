"""What became of messages: GET /v1/jobs and /v1/jobs/ID."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol

from litestar import Response, Router, get
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct
from msgspec.structs import replace

from adapters.web.asking import Asked, Desk, cursor_of, may_see_people, place_in, read_path, read_query, refused
from adapters.web.job_answers import details_of, summary_of
from adapters.web.openapi import QUERY
from adapters.web.problems import answers, problem
from adapters.web.tokens import NEEDS, SECURITY
from schemas.api_answers import JobDetails, JobPage
from schemas.clock import Clock
from schemas.job import PersonRef
from schemas.reading import END, UNSEEN, Identifier
from schemas.refusal import RefusedError, refuse
from schemas.timestamps import Timestamp, in_utc
from schemas.token_file import ApiScope
from schemas.vocabulary import PersonKind
from sender.ledger.jobs import JobListing
from sender.ledger.waits import Wait
from sender.records import Selection
from sender.states import Hold, State

MOST: Final = 200
"""Jobs of a page."""
_PERSON: Final = f"^(contact|collaborator)/[^{UNSEEN}]+{END}"
_JOB: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class JobReadings(JobListing, Protocol):
    """The ledger, for questions. See sender.ledger.port for the errors of each call."""

    def waits(self, now: datetime) -> Sequence[Wait]:
        """See sender.ledger.waits.Waits."""
        ...


class JobQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages: every parameter that is given narrows them."""

    ticket: Annotated[Identifier | None, Meta(description="About the ticket with this id.")] = None
    person: Annotated[
        Annotated[str, Meta(pattern=_PERSON, max_length=300)] | None,
        Meta(description="To this person: contact/ct-1 or collaborator/co-1."),
    ] = None
    customer: Annotated[Identifier | None, Meta(description="About tickets of this customer.")] = None
    state: Annotated[list[State], Meta(description="In this state; may come several times.")] = []
    hold: Annotated[Hold | None, Meta(description="Held by this.")] = None
    template: Annotated[
        Annotated[str, Meta(max_length=256)] | None, Meta(description="Of this template: external/opened.")
    ] = None
    since: Annotated[Timestamp | None, Meta(description="Taken in from this time on.")] = None
    until: Annotated[Timestamp | None, Meta(description="Taken in before this time.")] = None
    limit: Annotated[int, Meta(ge=1, le=MOST, description="At most so many on a page.")] = 50
    cursor: Annotated[Annotated[str, Meta(max_length=200)] | None, Meta(description="`next` of the page before.")] = (
        None
    )

    @property
    def selection(self) -> Selection:
        """The same for the ledger. Raises RefusedError."""
        kind, _, person = (self.person or "").partition("/")
        return Selection(
            ticket=self.ticket,
            person=PersonRef(PersonKind(kind), person) if self.person is not None else None,
            states=frozenset(self.state),
            hold=self.hold,
            customer=self.customer,
            template=self.template,
            since=None if self.since is None else in_utc("since", self.since),
            until=None if self.until is None else in_utc("until", self.until),
        )


def jobs(ledger: JobReadings, clock: Clock, desk: Desk) -> Router:
    """A part of an application."""

    @get(
        "/v1/jobs",
        opt={NEEDS: ApiScope.JOBS_READ, QUERY: JobQuery},
        security=[{SECURITY: [ApiScope.JOBS_READ.value]}],
        operation_id="listJobs",
        summary="List messages, the newest first",
        responses=answers(JobPage),
    )
    async def listed(request: Asked) -> Response[Any]:
        try:
            query = read_query(request, JobQuery, ["state"])
        except RefusedError as error:
            return refused(error)
        return await desk.answer(lambda: _page(ledger, query, clock.now(), may_see_people(request)))

    @get(
        "/v1/jobs/{job:str}",
        opt={NEEDS: ApiScope.JOBS_READ},
        security=[{SECURITY: [ApiScope.JOBS_READ.value]}],
        operation_id="showJob",
        summary="Show one message, and all that happened to it",
        responses=answers(JobDetails, HTTPStatus.NOT_FOUND),
    )
    async def shown(job: FromPath[str], request: Asked) -> Response[Any]:
        return await desk.answer(lambda: _shown(ledger, job, clock.now(), may_see_people(request)))

    return Router("/", route_handlers=[listed, shown])


def _page(ledger: JobReadings, query: JobQuery, now: datetime, personal: bool) -> JobPage:
    question = replace(query, cursor=None, limit=1)
    before = place_in(question, query.cursor)
    if before is not None and ledger.find(before) is None:
        # A page behind a job that was forgotten would look like the last one.
        raise refuse("cursor", UNSET, "the ledger has forgotten where this page begins: begin anew", "cursor_gone")
    found = ledger.list(query.selection, query.limit, before)
    waits = ledger.waits(now)
    answers = [summary_of(one, ledger.history(one.entry.job.id), waits, now, personal) for one in found]
    is_last = len(found) < query.limit
    return JobPage(answers, None if is_last else cursor_of(question, found[-1].entry.job.id))


def _shown(ledger: JobReadings, asked: str, now: datetime, personal: bool) -> Any:
    job = read_path("job", asked)
    entry = ledger.find(job) if _JOB.fullmatch(job) else None
    changes = [] if entry is None else ledger.history(entry.job.id)
    if entry is None or not changes:
        return problem(HTTPStatus.NOT_FOUND, "unknown_job")
    return details_of(entry, changes, ledger.waits(now), now, personal)
