"""What `tocsin up` answers by HTTP: operators, and whoever posts events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from adapters.sqlite.event_sink import SqliteEventSink
from adapters.sqlite.ticket_states import SqliteTicketStates
from intake.acceptance import Acceptance
from schemas.clock import Clock
from tocsin.config.wiring.http import HttpSettings
from tocsin.services.embedded.service import EmbeddedMonitor


@contextmanager
def answering(
    monitor: EmbeddedMonitor, listen: tuple[str, int] | None, http: HttpSettings | None, database: Path, clock: Clock
) -> Iterator[None]:
    """Answer within the block: operators at `listen`, others as `http` says. One address for both is one server.

    Raises AddressError.
    """
    if http is None:
        with monitor.answering(listen):
            yield
        return
    # Here, since the commands that serve nothing need not wait until a server is imported.
    from adapters.web.application import application  # noqa: PLC0415
    from adapters.web.intake import intake  # noqa: PLC0415
    from adapters.web.openapi import openapi  # noqa: PLC0415
    from adapters.web.operations import alive  # noqa: PLC0415
    from adapters.web.serving import serving  # noqa: PLC0415
    from adapters.web.tokens import ApiToken, Tokens  # noqa: PLC0415

    tokens = Tokens([ApiToken(http.token)])
    with closing(SqliteTicketStates(database)) as states, closing(SqliteEventSink(database, clock)) as sink:
        api = [intake(Acceptance(states, sink, clock).events)]
        parts = [*api, openapi(api, version("tocsin"))]
        if http.address == listen:
            with monitor.answering(listen, parts, tokens):
                yield
        else:
            with monitor.answering(listen), serving(application([alive(), *parts], tokens), *http.address):
                yield
