"""Who would be told if a ticket were saved so: POST /v1/decisions:preview."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol

from litestar import Response, Router, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from msgspec import Meta, Struct

from adapters.web.asking import Asked, Desk, may_see_people, read_query, refused
from adapters.web.hooks import headers_of
from adapters.web.openapi import QUERY
from adapters.web.problems import answers, problem
from adapters.web.tokens import NEEDS, SECURITY
from intake.cloudevents.reading import EVENT
from intake.cloudevents.unsaved import read_unsaved
from intake.post import Post
from schemas.api_answers import Preview
from schemas.clock import Clock
from schemas.event import MAX_EVENT_BYTES, Event
from schemas.refusal import RefusedError
from schemas.token_file import ApiScope

PREVIEW: Final = "/v1/decisions:preview"


class PreviewQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of what it is."""

    hook: Annotated[
        Annotated[str, Meta(min_length=1, max_length=80)] | None,
        Meta(description="The body is what a helpdesk posts to the hook of this name; left out: it is an event."),
    ] = None


class Foreseeing(Protocol):
    """Says whom something would tell, and keeps nothing of it. It may block.

    Each raises an error of the family UnusableError where that can't be told now.
    """

    def event(self, event: Event, *, personal: bool) -> Preview:
        """Whom an event would tell."""
        ...

    def post(self, name: str, post: Post, *, personal: bool) -> Preview | None:
        """Whom a post to the hook of this name would tell; None: there is none. Raises RefusedError."""
        ...


@dataclass
class _PreviewOperation(Operation):
    """The body of a request, which is read by its media type and never by Litestar."""

    def __post_init__(self) -> None:
        event = Reference(ref="#/components/schemas/TicketCloudEvent")
        self.request_body = RequestBody(
            required=True,
            description="An event (of which a form need not know its attributes and the ticket's id), its data alone, "
            "or the payload of a hook.",
            content={EVENT: OpenAPIMediaType(schema=event), "application/json": OpenAPIMediaType(schema=Schema())},
        )


def preview(foreseeing: Foreseeing, clock: Clock, desk: Desk) -> Router:
    """A part of an application."""

    @post(
        PREVIEW,
        status_code=HTTPStatus.OK,
        opt={NEEDS: ApiScope.DECISIONS_READ, QUERY: PreviewQuery},
        security=[{SECURITY: [ApiScope.DECISIONS_READ.value]}],
        operation_id="previewDecision",
        summary="Who would be told if a ticket were saved so",
        operation_class=_PreviewOperation,
        responses=answers(
            Preview, HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        ),
    )
    async def asked(request: Asked) -> Response[Any]:
        try:
            query = read_query(request, PreviewQuery)
        except RefusedError as error:
            return refused(error)
        body, personal = await request.body(), may_see_people(request)
        return await desk.answer(_of(request, query.hook, body, foreseeing, clock, personal), len(body))

    return Router("/", route_handlers=[asked], request_max_body_size=MAX_EVENT_BYTES)


def _of(
    request: Asked, hook: str | None, body: bytes, foreseeing: Foreseeing, clock: Clock, personal: bool
) -> Callable[[], Any]:
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"authorization"]

    def event() -> Preview:
        return foreseeing.event(read_unsaved(headers, body, clock.now()), personal=personal)

    def payload() -> Any:
        posted = Post(body, headers_of(headers), clock.now())
        found = foreseeing.post(hook or "", posted, personal=personal)
        return problem(HTTPStatus.NOT_FOUND, "unknown_hook") if found is None else found

    return event if hook is None else payload
