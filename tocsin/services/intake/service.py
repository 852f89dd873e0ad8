"""The intake as a service of its own: events to Kafka; deliveries, states and events that wait in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from msgspec import Struct

from adapters.kafka.errors import KafkaRefusedError, KafkaUnavailableError
from adapters.kafka.event_sink import AWAY, REFUSES, KafkaEventSink
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import refuse_missing
from adapters.postgres.ticket_states import PostgresTicketStates
from intake.acceptance import Acceptance, EventAcceptance
from intake.ports import LogAwayError, LogUnavailableError, Retention
from intake.states.judgement import TicketKey
from intake.states.ticket_state import TicketState
from intake.tracing import UNTRACED, PostTracer
from schemas.clock import Clock
from schemas.topics import DEAD_LETTERS, TICKETS
from tocsin.clock import SystemClock
from tocsin.config.wiring.http import HttpSettings
from tocsin.config.wiring.telemetry import tracing
from tocsin.services.intake.contracts import FollowedContracts
from tocsin.services.intake.followed_previews import FollowedPreviews, PreviewSettings
from tocsin.services.intake.hook_previews import Foresight
from tocsin.services.intake.hooks import ServiceHooks
from tocsin.services.intake.posts import Posts
from tocsin.services.intake.previewing import NotYetError, Previews
from tocsin.services.intake.questions import answering_questions
from tocsin.services.lifecycle.loops import repeated
from tocsin.services.lifecycle.stopping import Stop, together
from tocsin.services.monitoring.intake import DIRECTORY, KAFKA, PostsMonitor

if TYPE_CHECKING:
    from litestar import Router

log = structlog.get_logger()

_KAFKAS: Final = (AWAY, REFUSES)

CONNECTIONS: Final = 16
"""To the database: one for each post that is worked on (adapters/web/workers.py)."""
CONNECT_WITHIN: Final = timedelta(seconds=3)
ANSWER_WITHIN: Final = timedelta(seconds=8)
"""Longer than the log takes for a page of events, and short, since a post that waits longer is answered by then."""


class IntakeSettings(Struct, frozen=True):
    """Where an intake works: the cluster, the URL of its database, its name among its like, and whether it foresees."""

    kafka: KafkaSettings
    database: str
    instance: str
    preview: PreviewSettings | None = None


class IntakeParts(Struct, frozen=True):
    """What an intake consists of. It opens its hooks once database and directory have answered."""

    settings: IntakeSettings
    sink: KafkaEventSink
    contracts: FollowedContracts
    hooks: ServiceHooks
    monitor: PostsMonitor
    clock: Clock
    retention: Retention
    questions: Sequence[Router] = ()
    tracer: PostTracer = UNTRACED
    previews: FollowedPreviews | None = None


class IntakeService:
    """Takes posts in. Kafka or database may be away, at the start too: it says so, and goes on once they are back."""

    def __init__(self, parts: IntakeParts) -> None:
        self._parts = parts
        self._events = EventAcceptance(parts.sink, parts.clock)
        self._states: PostgresTicketStates | None = None
        self._topics_are_there = self._directory_is_read = False

    @property
    def posts(self) -> Posts:
        """Who takes in what is posted. Events need no database."""
        parts = self._parts
        return Posts(self._events.take, parts.hooks, parts.clock, parts.questions, tracer=parts.tracer)

    async def run(self, stop: Stop) -> None:
        """Work until told to stop. An error that no waiting mends stops all, and is raised."""
        vitals = self._parts.monitor.vitals
        stop.ask(vitals.running)
        steps = {"follow_directory": self._follow, "publish": self._publish}
        if self._parts.previews is not None:
            steps["follow_previews"] = self._follow_previews
        await together(stop, *(repeated(name, step, vitals, stop.event) for name, step in steps.items()))

    def close(self) -> None:
        """Let go of the database."""
        if self._states is not None:
            self._states.close()

    def _follow(self) -> bool:
        """Read the directory to its end, once somebody asks for that or a second has passed."""
        vitals = self._parts.monitor.vitals
        try:
            if not self._topics_are_there:
                # Else a helpdesk would be the first to learn of it.
                refuse_missing(self._parts.settings.kafka, [TICKETS, DEAD_LETTERS])
                self._topics_are_there = True
            self._parts.contracts.follow()
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.warning("kafka_unavailable", error=type(error).__name__, said=str(error))
            vitals.not_ready(KAFKA, str(error))
            return False
        vitals.ready(KAFKA)
        vitals.ready(DIRECTORY)
        self._directory_is_read = True
        self._open()
        return True  # at once: the next one waits by itself

    def state(self, ticket: TicketKey) -> TicketState | None:
        """What is known of a ticket. Raises LogUnavailableError, and NotYetError while the database is away."""
        if self._states is None:
            raise NotYetError("the database has not answered yet")
        return self._states.state(ticket)

    def _follow_previews(self) -> bool:
        """Keep up with what previews are decided by. Where that can't be, they go by what was read before."""
        if self._parts.previews is not None:
            try:
                self._parts.previews.follow()
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                log.warning("kafka_unavailable", error=type(error).__name__, said=str(error))
        return False

    def _publish(self) -> bool:
        """Bring into the log what waits in the database: what a kill or an outage has left."""
        monitor = self._parts.monitor
        try:
            if self._states is None:
                self._states = _opened(self._parts.settings.database)
                self._open()
            self._look(self._states)
            self._states.publish(self._parts.sink.append)
        except LogUnavailableError as error:
            if self._states is None and not isinstance(error, LogAwayError):
                raise
            if error.code in _KAFKAS:
                monitor.waits_for_database(None)
                monitor.waits_for_log(error)
            else:
                monitor.waits_for_database(error)
        else:
            monitor.waits_for_database(None)
            monitor.waits_for_log(None)
        return False

    def _look(self, states: PostgresTicketStates) -> None:
        """Show what waits, before it is published: while the log is away, that is what grows."""
        if self._parts.monitor.is_shown:
            waiting = states.unpublished()
            self._parts.monitor.waiting.show(waiting.events, waiting.oldest, self._parts.clock.now())

    def _open(self) -> None:
        if self._states is None or not self._directory_is_read or self._parts.hooks.are_open:
            return
        acceptance = Acceptance(self._states, self._parts.sink, self._parts.clock, self._parts.retention)
        self._parts.hooks.open(acceptance, self._parts.contracts)
        log.info("hooks_open")


def _opened(database: str) -> PostgresTicketStates:
    return PostgresTicketStates(
        database, connections=CONNECTIONS, connect_within=CONNECT_WITHIN, answer_within=ANSWER_WITHIN
    )


@contextmanager
def intake_service(
    settings: IntakeSettings, http: HttpSettings, monitor: PostsMonitor, stop: Stop
) -> Iterator[IntakeService]:
    """The service, wired together. What it needs may come later.

    Raises OSError where the folder of mappings can't be read, FaultyFileError where the rules can't be used, and
    TracingSettingsError.
    """
    sink = KafkaEventSink(settings.kafka, settings.instance)
    contracts = FollowedContracts(settings.kafka, stop.check)
    hooks, clock = ServiceHooks(http), SystemClock()
    previews = Previews(clock)

    def state(ticket: TicketKey) -> TicketState | None:
        return service.state(ticket)

    with ExitStack() as opened:
        opened.enter_context(closing(sink))
        opened.enter_context(closing(contracts))
        foresight, followed = None, None
        if settings.preview is not None:
            foresight = Foresight(previews, hooks, state)
            followed = FollowedPreviews(settings.kafka, settings.preview, previews, stop.check)
            opened.enter_context(closing(followed))
        asked = answering_questions(settings.kafka, settings.database, clock, foresight)
        questions = opened.enter_context(asked)
        retention = http.hooks.retention
        tracer = opened.enter_context(tracing("tocsin-intake")).posts
        parts = IntakeParts(settings, sink, contracts, hooks, monitor, clock, retention, questions, tracer, followed)
        service = opened.enter_context(closing(IntakeService(parts)))
        yield service
