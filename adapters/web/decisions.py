"""What each save of a ticket led to: GET /v1/tickets/SOURCE/ID/decisions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Protocol

from litestar import Response, Router, get
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct

from adapters.web.asking import Asked, Desk, cursor_of, may_see_people, place_in, read_path, read_query, refused
from adapters.web.openapi import QUERY
from adapters.web.problems import answers
from adapters.web.tokens import NEEDS, SECURITY
from history.ports import KeptDecision
from schemas.api_answers import DecidedMessage, DecisionPage, NotTold, TicketDecision
from schemas.decision import Skip
from schemas.reason_words import masked, was
from schemas.refusal import RefusedError, refuse
from schemas.token_file import ApiScope
from sender.records import LedgerEntry

MOST: Final = 50
"""Decisions of a page: each may be of some hundred people."""
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


class DecisionQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the decisions."""

    limit: Annotated[int, Meta(ge=1, le=MOST, description="At most so many on a page.")] = 20
    cursor: Annotated[Annotated[str, Meta(max_length=200)] | None, Meta(description="`next` of the page before.")] = (
        None
    )


class DecisionArchive(Protocol):
    """The decisions that are still kept. A history (see history.ports) is one."""

    def of_ticket(self, source: str, ticket: str, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        """At most `limit` decisions about a ticket, the newest first; those before a place.

        Raises an error of the family UnusableError where they can't be read now.
        """
        ...


class JobStates(Protocol):
    """How jobs stand, see sender.ledger.jobs.JobListing."""

    def find(self, job: str) -> LedgerEntry | None:
        """The job of this id."""
        ...


def decisions(archive: DecisionArchive, ledger: JobStates, desk: Desk) -> Router:
    """A part of an application. The ledger says how each message stands."""

    @get(
        "/v1/tickets/{source:str}/{ticket:str}/decisions",
        opt={NEEDS: ApiScope.DECISIONS_READ, QUERY: DecisionQuery},
        security=[{SECURITY: [ApiScope.DECISIONS_READ.value]}],
        operation_id="listDecisions",
        summary="What each save of a ticket led to, the newest first",
        responses=answers(DecisionPage),
    )
    async def listed(source: FromPath[str], ticket: FromPath[str], request: Asked) -> Response[Any]:
        try:
            query = read_query(request, DecisionQuery)
            asked = read_path("source", source), read_path("ticket", ticket)
        except RefusedError as error:
            return refused(error)
        return await desk.answer(lambda: _page(archive, ledger, asked, query, may_see_people(request)))

    return Router("/", route_handlers=[listed])


def _page(
    archive: DecisionArchive, ledger: JobStates, asked: tuple[str, str], query: DecisionQuery, personal: bool
) -> DecisionPage:
    found = archive.of_ticket(*asked, query.limit, _number(place_in(asked, query.cursor)))
    after = cursor_of(asked, str(found[-1].place)) if len(found) == query.limit else None
    return DecisionPage(*asked, [_decision(one, ledger, personal) for one in found], after)


def _number(place: str | None) -> int | None:
    if place is None:
        return None
    if not _NUMBER.fullmatch(place):
        raise refuse("cursor", UNSET, "this is no cursor of this question", "invalid_cursor")
    return int(place)


def _decision(kept: KeptDecision, ledger: JobStates, personal: bool) -> TicketDecision:
    decision = kept.decision
    return TicketDecision(
        event=decision.event,
        decided=kept.at,
        contract=decision.contract,
        triggers=decision.triggers,
        rulebook=decision.rulebook,
        told=[
            DecidedMessage(
                one.id, one.person, one.channel, one.trigger, one.categories, one.rules, _state(ledger, one.id)
            )
            for one in decision.jobs
        ],
        not_told=[_not_told(one, personal) for one in decision.skipped],
    )


def _state(ledger: JobStates, job: str) -> str | None:
    entry = ledger.find(job)
    return None if entry is None else entry.standing.state.value


def _not_told(skip: Skip, personal: bool) -> NotTold:
    shown = masked(skip, personal)
    return NotTold(shown.person, shown.category, shown.reason, was(shown), shown.trigger, shown.channel, shown.record)
