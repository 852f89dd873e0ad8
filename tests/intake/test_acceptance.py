"""The order in which a post is taken in, and what is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from intake.acceptance import (
    FORGET_EVERY,
    Acceptance,
    Accepted,
    Delivery,
    EventAcceptance,
    Refused,
    Repeated,
    Unavailable,
)
from intake.cloudevents.reading import BATCH, EVENT, Bounds
from intake.observation import Ignored, Moment, Observation
from intake.ports import LogAwayError, LogUnavailableError, Retention
from intake.states.judgement import event_id
from schemas.refusal import refuse
from tests.intake.posts import RECEIVED, SOURCE, post, whole
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import envelope
from tests.support.intake.in_memory_sink import InMemoryEventSink
from tests.support.intake.in_memory_states import InMemoryTicketStates

AWAY = LogAwayError("away", "the log is away")


class Desk:
    """An intake on fakes, and a helpdesk that posts to it."""

    def __init__(self) -> None:
        self.states = InMemoryTicketStates()
        self.sink = InMemoryEventSink()
        self.acceptance = Acceptance(self.states, self.sink, Still(RECEIVED))
        self.posted = EventAcceptance(self.sink, Still(RECEIVED), Bounds(batch_events=3))
        self.mapped = 0

    def webhook(self, number: int, *, with_id: bool = True, **ticket: Any) -> Any:
        moment = Moment.CREATED if number == 0 else Moment.UPDATED
        observation = post(number, whole(**ticket), moment).observation
        return self.acceptance.webhook(self.of(lambda: observation, f"d-{number}" if with_id else None))

    def of(self, read: Callable[[], Observation | Ignored], name: str | None = None, body: bytes = b"{}") -> Delivery:
        def counted() -> Observation | Ignored:
            self.mapped += 1
            return read()

        return Delivery(body, counted, SOURCE if name else None, name)

    @property
    def events(self) -> list[Any]:
        return [json.loads(one.value or b"") for one in self.sink.records]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_post_becomes_an_event_in_the_log(desk: Desk) -> None:
    assert desk.webhook(0) == Accepted(1, event_id(SOURCE, "d-0"))
    [event] = desk.events
    assert (event["id"], event["data"]["previous"]) == (event_id(SOURCE, "d-0"), None)
    assert desk.sink.records[0].key == b"T-1042"


def test_a_repeat_is_neither_mapped_nor_appended_again(desk: Desk) -> None:
    desk.webhook(0)
    desk.webhook(1, status="solved")
    assert desk.webhook(0, status="other") == Repeated(event_id(SOURCE, "d-0"))
    assert (len(desk.events), desk.mapped) == (2, 2)


def test_a_delivery_without_an_id_is_known_by_its_body(desk: Desk) -> None:
    one = Observation(source=SOURCE, ticket=whole(), time=RECEIVED)
    first = desk.acceptance.webhook(desk.of(lambda: one, body=b'{"a": 1}'))
    again = desk.acceptance.webhook(desk.of(lambda: one, body=b'{"a": 1}'))
    other = desk.acceptance.webhook(desk.of(lambda: one, body=b'{"a": 2}'))
    assert [type(answer) for answer in (first, again, other)] == [Accepted, Repeated, Accepted]
    assert isinstance(first, Accepted)
    assert again == Repeated(first.id or "")


def test_a_delivery_may_have_its_id_in_its_body(desk: Desk) -> None:
    one = Observation(source=SOURCE, ticket=whole(), time=RECEIVED, delivery="from-the-body")
    answer = desk.acceptance.webhook(desk.of(lambda: one, body=b"1"))
    assert answer == Accepted(1, event_id(SOURCE, "from-the-body"))
    assert isinstance(desk.acceptance.webhook(desk.of(lambda: one, body=b"2")), Repeated)


def test_what_the_mapping_does_not_want_leaves_no_trace(desk: Desk) -> None:
    ignored = Ignored("a comment")
    assert desk.acceptance.webhook(desk.of(lambda: ignored, "d-1")) == ignored
    assert (desk.events, desk.states.deliveries) == ([], {})


def test_what_makes_no_event_is_refused_and_changes_nothing(desk: Desk) -> None:
    def fails() -> Observation:
        raise refuse("ticket.id", 7, "no text")

    of_mapping = desk.acceptance.webhook(desk.of(fails, "d-1"))
    of_event = desk.webhook(2, status=["x"])
    of_id = desk.webhook(3, id="")
    for answer in (of_mapping, of_event, of_id):
        assert isinstance(answer, Refused)
    assert (desk.events, desk.states.states, desk.states.deliveries) == ([], {}, {})
    assert isinstance(desk.webhook(2), Accepted)


def test_a_log_that_is_away_is_said_and_the_event_follows_first(desk: Desk) -> None:
    desk.sink.why = AWAY
    assert desk.webhook(0) == Unavailable("away", "the log is away", may_pass=True)
    assert isinstance(desk.webhook(0), Unavailable)
    desk.sink.why = None
    assert desk.webhook(1, status="solved") == Accepted(1, event_id(SOURCE, "d-1"))
    assert [event["id"] for event in desk.events] == [event_id(SOURCE, "d-0"), event_id(SOURCE, "d-1")]
    assert desk.webhook(0) == Repeated(event_id(SOURCE, "d-0"))


def test_a_repeat_brings_what_waits_into_the_log(desk: Desk) -> None:
    desk.sink.why = AWAY
    desk.webhook(0)
    desk.sink.why = None
    assert desk.webhook(0) == Repeated(event_id(SOURCE, "d-0"))
    assert len(desk.events) == 1
    assert desk.acceptance.publish_waiting() == 0


def test_what_waits_is_brought_into_the_log_at_the_start(desk: Desk) -> None:
    desk.sink.why = AWAY
    desk.webhook(0)
    desk.sink.why = None
    assert desk.acceptance.publish_waiting() == 1
    assert len(desk.events) == 1


def test_cloudevents_go_into_the_log_as_they_are(desk: Desk) -> None:
    event = json.dumps(envelope(data={"previous": None})).encode()
    assert desk.posted.take([(b"content-type", EVENT.encode())], event) == Accepted(1)
    assert desk.posted.take([(b"content-type", BATCH.encode())], b"[" + event + b"," + event + b"]") == Accepted(2)
    assert [one.value for one in desk.sink.records] == [event] * 3


def test_a_batch_is_taken_whole_or_not_at_all(desk: Desk) -> None:
    event = json.dumps(envelope(data={"previous": None}))
    answer = desk.posted.take([(b"content-type", BATCH.encode())], f"[{event}, 7]".encode())
    assert isinstance(answer, Refused)
    assert answer.error.refusals[0].field == "[1]"
    many = desk.posted.take([(b"content-type", BATCH.encode())], f"[{','.join([event] * 4)}]".encode())
    assert isinstance(many, Refused)
    assert many.error.code == "too_large"
    assert desk.posted.take([(b"content-type", BATCH.encode())], b"[]") == Accepted(0)
    assert desk.sink.records == []


def test_a_log_that_has_to_be_mended_is_told_from_one_that_is_away(desk: Desk) -> None:
    desk.sink.why = LogUnavailableError("kafka_refuses", "no topic")
    event = json.dumps(envelope(data={"previous": None})).encode()
    answer = desk.posted.take([(b"content-type", EVENT.encode())], event)
    assert answer == Unavailable("kafka_refuses", "no topic", may_pass=False)


def test_saves_that_came_too_late_are_accepted_and_mean_nothing(desk: Desk) -> None:
    desk.webhook(0)
    desk.webhook(5, status="solved")
    late = desk.webhook(3, status="open")
    assert isinstance(late, Accepted)
    assert desk.events[-1]["data"]["triggers"] == []
    assert replace(late, id=None) == Accepted(1)


def test_what_is_over_is_forgotten_by_and_by() -> None:
    desk, day = Desk(), timedelta(days=1)
    for number in range(FORGET_EVERY - 1):
        desk.webhook(number, id=f"T-{number}")
    later = Acceptance(desk.states, desk.sink, Still(RECEIVED + 8 * day), retention=Retention(states=8 * day))
    for number in range(FORGET_EVERY, 2 * FORGET_EVERY):
        assert isinstance(
            later.webhook(desk.of(lambda: post(0, whole(id="T-new")).observation, f"d-{number}")), Accepted
        )
    assert len(desk.states.deliveries) == FORGET_EVERY
    assert [ticket.ticket for ticket in desk.states.states] == ["T-new"]
