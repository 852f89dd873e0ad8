"""What `tocsin up` answers by HTTP: operators, and whoever posts events or webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from adapters.sqlite.event_sink import SqliteEventSink
from adapters.sqlite.ticket_states import SqliteTicketStates
from engine.ports import DirectorySource
from intake.acceptance import Acceptance
from schemas.clock import Clock
from tocsin.config.wiring.http import HttpSettings
from tocsin.services.embedded.hooks import EmbeddedHooks
from tocsin.services.embedded.service import EmbeddedMonitor
from tocsin.services.lifecycle.loops import looking_again


class Doors:
    """What a process answers by HTTP, and to whom it tells that the directory has been read."""

    def __init__(self, http: HttpSettings | None, database: Path, clock: Clock) -> None:
        self._http = http
        self._database = database
        self._clock = clock
        self._hooks: EmbeddedHooks | None = None

    def directory_read(self, directory: DirectorySource) -> None:
        """The directory has been read; `directory` is a reading for the webhooks alone."""
        if self._hooks is not None:
            self._hooks.opened(directory)

    @contextmanager
    def answering(self, monitor: EmbeddedMonitor, listen: tuple[str, int] | None) -> Iterator[None]:
        """Answer within the block: operators at `listen`, others as `http` says. One address for both is one server.

        Raises AddressError, and OSError where the folder of mappings can't be read.
        """
        http = self._http
        if http is None:
            with monitor.answering(listen):
                yield
            return
        # Here, since the commands that serve nothing need not wait until a server is imported.
        from adapters.web.application import application  # noqa: PLC0415
        from adapters.web.client_rates import ClientRates  # noqa: PLC0415
        from adapters.web.hooks import hooks  # noqa: PLC0415
        from adapters.web.intake import intake  # noqa: PLC0415
        from adapters.web.openapi import openapi  # noqa: PLC0415
        from adapters.web.operations import alive  # noqa: PLC0415
        from adapters.web.serving import serving  # noqa: PLC0415
        from tocsin.services.reload.tokens_in_force import ReloadingTokens  # noqa: PLC0415

        reloading, pacing = ReloadingTokens(http.tokens), ClientRates(http.tokens.rate)
        tokens = reloading.tokens
        with ExitStack() as opened:
            opened.enter_context(looking_again(reloading.refresh, "tokens"))
            states = opened.enter_context(closing(SqliteTicketStates(self._database)))
            sink = opened.enter_context(closing(SqliteEventSink(self._database, self._clock)))
            acceptance = Acceptance(states, sink, self._clock)
            self._hooks = EmbeddedHooks(http.hooks, acceptance, pacing.wait)
            opened.enter_context(self._hooks.watching())
            taking = hooks(self._hooks.take, self._hooks.challenge, self._clock, http.hooks.proxies)
            api = [intake(acceptance.events), taking]
            parts = [*api, openapi(api, version("tocsin"))]
            if http.address == listen:
                opened.enter_context(monitor.answering(listen, parts, tokens))
            else:
                opened.enter_context(monitor.answering(listen))
                opened.enter_context(serving(application([alive(), *parts], tokens), *http.address))
            yield
