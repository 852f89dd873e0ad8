"""What operators and their tools ask a service by HTTP: /livez, /readyz and /metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, Router, route
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

Reasons = Callable[[], Sequence[str]]
"""What is wrong, a line each; nothing where all is well."""

GET = (HttpMethod.GET, HttpMethod.HEAD)


def _none() -> Sequence[str]:
    return ()


def operations(registry: CollectorRegistry, stuck: Reasons, not_ready: Reasons, remarks: Reasons = _none) -> Router:
    """A part of an application. `/livez` fails where a loop is stuck, `/readyz` also while the service can't work.

    `/readyz` names `remarks` besides, which make nothing fail.
    """

    @route("/livez", http_method=GET, include_in_schema=False)
    async def livez() -> Response[str]:
        return _verdict(stuck())

    @route("/readyz", http_method=GET, include_in_schema=False)
    async def readyz() -> Response[str]:
        return _verdict([*stuck(), *not_ready()], remarks())

    @route("/metrics", http_method=GET, include_in_schema=False)
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        try:
            encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        except (ValueError, TypeError):
            # Its version or weight is no number; RFC 9110, section 12.5.1, lets what asks so be passed over.
            encode, content_type = choose_encoder("")
        return Response(encode(registry), media_type=content_type)

    return Router("/", route_handlers=[livez, readyz, metrics])


def alive() -> Router:
    """A part that has `/livez` alone, which the server's own loop answers: so it tells whether anything is served."""

    @route("/livez", http_method=GET, include_in_schema=False)
    async def livez() -> Response[str]:
        return _verdict(())

    return Router("/", route_handlers=[livez])


def _verdict(reasons: Sequence[str], remarks: Sequence[str] = ()) -> Response[str]:
    text = "".join(f"{line}\n" for line in [*(reasons or ["ok"]), *remarks])
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    return Response(text, media_type=MediaType.TEXT, status_code=status)
