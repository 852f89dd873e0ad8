"""What helpdesks post: the routes of the intake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import HttpMethod, Request, Response, Router, route
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.types import Scope
from msgspec import Struct

from adapters.web.monitor import TO
from adapters.web.problems import STATUSES, documented, problem
from adapters.web.seldom import Seldom
from adapters.web.tokens import NEEDS, SECURITY
from adapters.web.workers import Workers
from intake.acceptance import Accepted, Answer, Refused, Repeated, Unavailable
from intake.cloudevents.reading import BATCH, EVENT, Bounds
from intake.observation import Ignored
from schemas.problem_details import problem_fields
from schemas.token_file import ApiScope

log = structlog.get_logger()

EVENTS: Final = "/v1/events"

_SOON, _LATER = "5", "60"
"""Seconds after which a post may come again: where the log is away, and where somebody has to mend something."""

TakeEvents = Callable[[list[tuple[bytes, bytes]], bytes], Answer]
"""Takes in the events of a request, by its headers and its body, all of them or none. It may block."""


class Taken(Struct, frozen=True):
    """How many events are in the log now, for good."""

    events: int


@dataclass
class _EventsOperation(Operation):
    """The body of a request, which is read by its media type and never by Litestar."""

    def __post_init__(self) -> None:
        event = Reference(ref="#/components/schemas/TicketCloudEvent")
        data = Reference(ref="#/components/schemas/TicketData")
        self.request_body = RequestBody(
            required=True,
            description="An event, in structured or binary content mode, or a batch: taken whole, or not at all.",
            content={
                EVENT: OpenAPIMediaType(schema=event),
                BATCH: OpenAPIMediaType(schema=Schema(type=OpenAPIType.ARRAY, items=event)),
                "application/json": OpenAPIMediaType(schema=data),
            },
        )
        self.parameters = [_attribute(name) for name in ("specversion", "id", "source", "type", "time")]


def _attribute(name: str) -> Parameter:
    return Parameter(
        name=f"ce-{name}",
        param_in="header",
        schema=Schema(type=OpenAPIType.STRING),
        description=f"Binary content mode: the event's `{name}`.",
    )


def intake(take: TakeEvents, workers: Workers, bounds: Bounds | None = None) -> Router:
    """A part of an application: events as CloudEvents (HTTP binding 1.0.2), answered once the log has them for good.

    `take` is called by the workers.
    """
    seldom = Seldom()

    @route(
        EVENTS,
        http_method=HttpMethod.POST,
        status_code=HTTPStatus.ACCEPTED,
        opt={NEEDS: ApiScope.EVENTS_WRITE, TO: _name},
        security=[{SECURITY: [ApiScope.EVENTS_WRITE.value]}],
        operation_id="postEvents",
        summary="Post ticket events",
        operation_class=_EventsOperation,
        responses={
            int(HTTPStatus.ACCEPTED): ResponseSpec(Taken, generate_examples=False, description="The log has them."),
            **documented(
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.UNAUTHORIZED,
                HTTPStatus.FORBIDDEN,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                HTTPStatus.TOO_MANY_REQUESTS,
                HTTPStatus.SERVICE_UNAVAILABLE,
            ),
        },
    )
    async def events(request: Request[Any, Any, Any]) -> Response[Any]:
        body = await request.body()
        headers = [*request.scope["headers"]]
        return answered(await workers.do(lambda: take(headers, body), len(body)), seldom)

    @route(EVENTS, http_method=HttpMethod.OPTIONS, include_in_schema=False, status_code=HTTPStatus.OK)
    async def may_deliver(request: Request[Any, Any, Any]) -> Response[None]:
        """The handshake of CloudEvents' web hooks (1.0.2, section 4): whoever has a token may deliver."""
        asked = request.headers.get("WebHook-Request-Origin") is not None
        allowed = {"WebHook-Allowed-Origin": "*"} if asked else {}
        return Response(None, headers={"Allow": "POST, OPTIONS", **allowed})

    largest = (bounds or Bounds()).batch_bytes
    # The answer to OPTIONS first: behind another route of its path, Litestar has added an answer of its own.
    return Router("/", route_handlers=[may_deliver, events], request_max_body_size=largest)


def _name(_scope: Scope) -> str:
    return "events"


def answered(answer: Answer, seldom: Seldom) -> Response[Any]:
    """What is answered to a post."""
    match answer:
        case Accepted(events):
            return Response(Taken(events), status_code=HTTPStatus.ACCEPTED)
        case Repeated() | Ignored():
            return Response(Taken(0), status_code=HTTPStatus.ACCEPTED)
        case Refused(error):
            status = STATUSES.get(error.code, HTTPStatus.BAD_REQUEST)
            return problem(status, error.code, errors=problem_fields(error.refusals))
        case Unavailable(code, message, may_pass):
            # The message may name files and hosts, so it is for the log alone.
            if times := seldom.times(code):
                log.warning("events_not_taken", error=code, said=message, times=times)
            headers = {"Retry-After": _SOON if may_pass else _LATER}
            detail = "Nothing of it was kept for certain. Send it again, under the same ids."
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, headers=headers)
