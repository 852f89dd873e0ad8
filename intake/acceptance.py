"""What becomes of a post, step by step, until its event is in the log for good."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import Final

from msgspec import Struct

from intake.cloudevents.reading import Bounds, records_in
from intake.observation import Ignored, Observation
from intake.ports import EventSink, LogAwayError, LogUnavailableError, Retention, Taken, TicketStates
from intake.states.judgement import TicketKey, event_id, judge, ticket_key
from schemas.clock import Clock
from schemas.log import NewRecord
from schemas.refusal import RefusedError
from schemas.trace_context import TraceContext

FORGET_EVERY: Final = 100
"""After so many posts, deliveries and states are forgotten whose time is over."""


class Accepted(Struct, frozen=True):
    """The events are in the log; of a webhook, under this id."""

    events: int = 1
    id: str | None = None


class Repeated(Struct, frozen=True):
    """The delivery was known, and its event is in the log since then."""

    id: str


class Refused(Struct, frozen=True):
    """The post makes no event. Sent again, it makes none either."""

    error: RefusedError


class Unavailable(Struct, frozen=True):
    """The log, or what is kept beside it, can't take the event. Nothing is lost where the same post comes again.

    `may_pass`: it is away just now; else somebody has to mend something.
    """

    code: str
    message: str
    may_pass: bool


Answer = Accepted | Repeated | Ignored | Refused | Unavailable


class Delivery(Struct, frozen=True):
    """A helpdesk's post whose sender is known.

    `read` maps it, and may raise RefusedError. Where the helpdesk has an id for a delivery that is known before the
    post is mapped, `source` and `id` hold it: then a repeat is not even mapped.
    """

    body: bytes
    read: Callable[[], Observation | Ignored]
    source: str | None = None
    id: str | None = None
    trace: TraceContext | None = None


class EventAcceptance:
    """Takes in events that are complete in themselves, as CloudEvents. It may be shared between threads."""

    def __init__(self, sink: EventSink, clock: Clock, bounds: Bounds | None = None) -> None:
        self._sink = sink
        self._clock = clock
        self._bounds = bounds or Bounds()

    def take(self, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Answer:
        """Take in a request with CloudEvents, all of its events or none."""
        try:
            records = records_in(headers, body, self._clock.now(), self._bounds)
            if records:
                self._sink.append(records)
        except RefusedError as error:
            return Refused(error)
        except LogUnavailableError as error:
            return _unavailable(error)
        return Accepted(len(records))


class Acceptance:
    """Takes webhooks in, and now and then forgets what its time is over of. It may be shared between threads."""

    def __init__(self, states: TicketStates, sink: EventSink, clock: Clock, retention: Retention | None = None) -> None:
        self._states = states
        self._sink = sink
        self._clock = clock
        self._retention = retention or Retention()
        self._posts = count(1)

    def webhook(self, delivery: Delivery) -> Answer:
        """Take in what a helpdesk says of a ticket: known delivery, mapping, state, event, log, in this order."""
        try:
            return self._known(delivery) or self._webhook(delivery)
        except RefusedError as error:
            return Refused(error)
        except LogUnavailableError as error:
            return _unavailable(error)

    def keep(self, letter: NewRecord) -> Unavailable | None:
        """Bring a dead letter into the log for good; None where it is there."""
        try:
            self._sink.append([letter])
        except LogUnavailableError as error:
            return _unavailable(error)
        return None

    def publish_waiting(self) -> int:
        """Bring into the log what waits: at the start, and now and then. Raises LogUnavailableError."""
        return self._states.publish(self._sink.append)

    def _known(self, delivery: Delivery) -> Answer | None:
        if delivery.source is None or delivery.id is None:
            return None
        event = event_id(delivery.source, delivery.id)
        taken = self._states.find(event)
        # One that is not in the log yet goes the long way, behind what its ticket has waiting.
        return Repeated(event) if taken is not None and taken.is_published else None

    def _webhook(self, delivery: Delivery) -> Answer:
        observation = delivery.read()
        if isinstance(observation, Ignored):
            return observation
        ticket, name = ticket_key(observation), _name(delivery, observation)
        event, now = event_id(observation.source, name), self._clock.now()
        taken = self._states.take(
            ticket, event, lambda state: judge(observation, state, name, now, delivery.trace), now
        )
        answer = self._published(ticket, event, taken)
        self._forget(now)
        return answer

    def _published(self, ticket: TicketKey, event: str, taken: Taken) -> Answer:
        if not taken.is_published:
            self._states.publish(self._sink.append, ticket)
        return Repeated(event) if taken.is_repeated else Accepted(id=event)

    def _forget(self, now: datetime) -> None:
        """Forget more than has come since the last time, so that what is kept does not grow."""
        if next(self._posts) % FORGET_EVERY == 0:
            # The post is taken in, whatever becomes of this.
            with suppress(LogUnavailableError):
                self._states.prune(now, self._retention, 2 * FORGET_EVERY)


def _name(delivery: Delivery, observation: Observation) -> str:
    return delivery.id or observation.delivery or hashlib.sha256(delivery.body).hexdigest()


def _unavailable(error: LogUnavailableError) -> Unavailable:
    return Unavailable(error.code, str(error), may_pass=isinstance(error, LogAwayError))
