"""Webhooks of helpdesks: what is posted to `/v1/hooks/NAME`, and what a helpdesk asks there before it posts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any, Final

import structlog
from litestar import MediaType, Request, Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from adapters.web.client_rates import Network, comes_from
from adapters.web.intake import Taken, answered
from adapters.web.monitor import TO
from adapters.web.problems import documented, problem
from adapters.web.seldom import Seldom
from adapters.web.workers import Workers
from intake.acceptance import Unavailable
from intake.hooks import Crowded, Doubted, HookAnswer, Kept, UnknownHook, Unsecured
from intake.mappings.payload import MAX_POST_BYTES
from intake.post import Post
from schemas.clock import Clock

log = structlog.get_logger()

HOOK: Final = "/v1/hooks/{name:str}"
_LATER: Final = "60"

TakePost = Callable[[str, Post], HookAnswer]
"""Takes in a post to the hook of this name. It may block."""

AnswerChallenge = Callable[[str, Mapping[str, str]], str | Unavailable | None]
"""What to answer to the query of a GET; None where it is no challenge."""


def hooks(
    take: TakePost, challenge: AnswerChallenge, clock: Clock, proxies: Sequence[Network], workers: Workers
) -> Router:
    """A part of an application. `proxies` are the addresses of servers in front, which may tell who posts.

    `take` is called by the workers. No token is asked for: helpdesks prove by their own signatures who they are.
    """
    seldom = Seldom()

    @post(
        HOOK,
        opt={TO: lambda scope: f"hooks/{scope['path_params']['name']}"},
        status_code=HTTPStatus.ACCEPTED,
        operation_id="postHook",
        summary="Post what a helpdesk's webhook says",
        responses={
            int(HTTPStatus.ACCEPTED): ResponseSpec(Taken, generate_examples=False, description="The log has it."),
            **documented(
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.FORBIDDEN,
                HTTPStatus.NOT_FOUND,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                HTTPStatus.TOO_MANY_REQUESTS,
                HTTPStatus.SERVICE_UNAVAILABLE,
            ),
        },
    )
    async def posted(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[Any]:
        body = await request.body()
        one = Post(
            body,
            headers_of(request.scope["headers"]),
            clock.now(),
            comes_from(request.client.host if request.client else None, proxies),
        )
        return _answered(name, await workers.do(lambda: take(name, one), len(body)), seldom)

    @get(
        HOOK,
        operation_id="askHook",
        summary="Answer a helpdesk that asks before it posts (GLPI: crc_token)",
        responses={
            int(HTTPStatus.OK): ResponseSpec(
                str, generate_examples=False, description="The answer.", media_type=MediaType.TEXT
            ),
            **documented(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        },
    )
    async def asked(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[Any]:
        answer = challenge(name, dict(request.query_params))
        if answer is None:
            return problem(HTTPStatus.NOT_FOUND)
        if isinstance(answer, Unavailable):
            return answered(answer, seldom)
        return Response(answer, media_type=MediaType.TEXT)

    return Router("/", route_handlers=[posted, asked], request_max_body_size=MAX_POST_BYTES)


def headers_of(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of a post, see Post."""
    found: dict[str, list[str]] = {}
    for name, value in sent:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in found.items()}


def _answered(name: str, answer: HookAnswer, seldom: Seldom) -> Response[Any]:
    match answer:
        case UnknownHook():
            return problem(HTTPStatus.NOT_FOUND, "unknown_hook")
        case Unsecured(why):
            # Whoever has set this up reads the log; whoever posts may be anybody.
            if times := seldom.times("hook_unsecured", name):
                log.warning("hook_unsecured", hook=name, said=why, times=times)
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "hook_unsecured", headers={"Retry-After": _LATER})
        case Doubted(doubt):
            if times := seldom.times("hook_doubted", name, doubt):
                log.warning("hook_doubted", hook=name, error=doubt.value, times=times)
            return problem(HTTPStatus.FORBIDDEN, doubt.value)
        case Crowded(wait):
            return problem(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(ceil(wait))})
        case Kept(error):
            log.warning("hook_post_kept", hook=name, error=error.code, said=str(error))
            return Response(Taken(0), status_code=HTTPStatus.ACCEPTED)
        case _:
            return answered(answer, seldom)
