"""What operators and their tools ask a service by HTTP: /livez, /readyz and /metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

Reasons = Callable[[], Sequence[str]]
"""What is wrong, a line each; nothing where all is well."""

_UNAVAILABLE: Final = 503
_MAX_BODY: Final = 1024


def _none() -> Sequence[str]:
    return ()


def operations(
    registry: CollectorRegistry, stuck: Reasons, not_ready: Reasons, remarks: Reasons = _none
) -> web.Application:
    """The application. `/livez` fails where a loop is stuck, `/readyz` also while the service can't do its work.

    `/readyz` names `remarks` besides, which make nothing fail.
    """

    async def livez(_request: web.Request) -> web.Response:
        return _verdict(stuck())

    async def readyz(_request: web.Request) -> web.Response:
        return _verdict([*stuck(), *not_ready()], remarks())

    async def metrics(request: web.Request) -> web.Response:
        try:
            encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        except (ValueError, TypeError):
            # Its version or weight is no number; RFC 9110, section 12.5.1, lets what asks so be passed over.
            encode, content_type = choose_encoder("")
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    application = web.Application(client_max_size=_MAX_BODY)
    application.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return application


def _verdict(reasons: Sequence[str], remarks: Sequence[str] = ()) -> web.Response:
    text = "".join(f"{line}\n" for line in [*(reasons or ["ok"]), *remarks])
    return web.Response(text=text, status=_UNAVAILABLE if reasons else 200)
