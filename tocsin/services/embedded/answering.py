"""What `tocsin up` answers by HTTP: operators, and whoever posts events or webhooks into its own log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from adapters.contract_lookup import DirectoryContracts, InTurn
from adapters.sqlite.console_people import SqlitePeople
from adapters.sqlite.event_sink import SqliteEventSink
from adapters.sqlite.history import SqliteHistory
from adapters.sqlite.ledger import SqliteLedger, SqliteLedgerReader
from adapters.sqlite.ticket_states import SqliteTicketStates
from intake.acceptance import Acceptance, EventAcceptance
from schemas.clock import Clock
from tocsin.config.wiring.console import ConsoleSettings
from tocsin.config.wiring.http import HttpSettings
from tocsin.services.console.letters import LettersInForce
from tocsin.services.console.lookup import LookupInForce
from tocsin.services.console.serving import console_part
from tocsin.services.console.standing import EmbeddedStanding
from tocsin.services.embedded.service import EmbeddedMonitor
from tocsin.services.embedded.wiring import Read
from tocsin.services.intake.answering import answering
from tocsin.services.intake.hook_previews import Foresight
from tocsin.services.intake.hooks import ServiceHooks
from tocsin.services.intake.posts import Posts
from tocsin.services.intake.previewing import Previews

if TYPE_CHECKING:
    from litestar import Router


READ_WITHIN: Final = timedelta(seconds=3)
"""How long one statement of a page may take."""


class ConsoleDoor(Struct, frozen=True):
    """How the console is served, and who is told the link of its first person."""

    settings: ConsoleSettings
    tell: Callable[[str], None]


class Doors:
    """What a process answers by HTTP, and to whom it tells that the directory has been read."""

    def __init__(
        self, http: HttpSettings | None, database: Path, clock: Clock, console: ConsoleDoor | None = None
    ) -> None:
        self._http = http
        self._console = console
        self._database = database
        self._clock = clock
        self._opened: tuple[ServiceHooks, Acceptance] | None = None
        self._previews = Previews(clock)
        self._lookup = LookupInForce()
        self._letters = LettersInForce()

    def directory_read(self, read: Read) -> None:
        """The directory has been read; readings of it are for webhooks and previews alone."""
        self._lookup.open(read.shown.directory, read.shown.rulebook)
        self._letters.open(read.writing)
        if self._opened is not None:
            hooks, acceptance = self._opened
            hooks.open(acceptance, InTurn(DirectoryContracts(read.directory.current)))
            self._previews.open(read.deciding)

    @contextmanager
    def answering(self, monitor: EmbeddedMonitor, listen: tuple[str, int] | None) -> Iterator[None]:
        """Answer within the block: operators at `listen`, others as the settings of HTTP say.

        Raises AddressError, and OSError where the folder of mappings can't be read.
        """
        if self._http is None:
            with monitor.answering(listen):
                yield
            return
        # Here, since the commands that serve nothing need not wait until a server is imported.
        from tocsin.services.embedded.questions import answering_questions  # noqa: PLC0415

        with (
            closing(SqliteTicketStates(self._database)) as states,
            closing(SqliteEventSink(self._database, self._clock)) as sink,
            self._console_part() as more,
        ):
            acceptance = Acceptance(states, sink, self._clock, self._http.hooks.retention)
            hooks = ServiceHooks(self._http)
            self._opened = hooks, acceptance
            foresight = Foresight(self._previews, hooks, states.state)
            with answering_questions(self._database, self._clock, foresight) as asked:
                posts = Posts(EventAcceptance(sink, self._clock).take, hooks, self._clock, asked, more)
                with answering(monitor, listen, self._http, posts):
                    yield

    @contextmanager
    def _console_part(self) -> Iterator[Sequence[Router]]:
        if self._console is None:
            yield ()
            return
        # Here, as above.
        from adapters.web.console.desk_screens import Desk  # noqa: PLC0415

        with (
            closing(SqlitePeople(self._database)) as people,
            closing(SqliteLedgerReader(self._database, READ_WITHIN)) as ledger,
            closing(SqliteHistory(self._database)) as history,
            closing(EmbeddedStanding(self._database.parent, self._database)) as standing,
            closing(self._letters),
            closing(SqliteLedger(self._database, READ_WITHIN)) as acting,
            console_part(
                self._console.settings,
                people,
                Desk(ledger, history, standing, self._lookup, self._letters, acting),
                self._clock,
                self._console.tell,
            ) as part,
        ):
            yield (part,)
