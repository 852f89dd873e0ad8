"""What every storage of ticket states promises. Each promise is a function that fails where one breaks it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from intake.ports import (
    Judge,
    KeptPosts,
    LogAwayError,
    LogUnavailableError,
    Retention,
    Taken,
    TicketStates,
    Unpublished,
)
from intake.states.judgement import Judged, TicketKey
from intake.states.ticket_state import TicketState
from schemas.log import NewRecord
from tests.intake.posts import START

T1, T2 = TicketKey("/helpdesk", "T-1"), TicketKey("/helpdesk", "T-2")
ELSEWHERE = TicketKey("/other", "T-1")
DAY = timedelta(days=1)


class States(TicketStates, KeptPosts, Protocol):
    """Both faces of a storage."""


class World(Protocol):
    """A storage, and the log that its events go to."""

    states: States

    @property
    def log(self) -> list[bytes | None]:
        """The events in the log."""
        ...

    def append(self, records: Sequence[NewRecord]) -> None:
        """Append to the log."""
        ...


Promise = Callable[[World], None]


def counting(state: TicketState | None) -> Judged:
    """A judge whose event says how many posts of the ticket came before."""
    number = 1 if state is None else state.ticket["number"] + 1
    saved = START + timedelta(seconds=number)
    return Judged(b'{"number":%d}' % number, TicketState(saved=saved, since_creation=True, ticket={"number": number}))


def of(body: bytes) -> Judge:
    """A judge that makes this event, and leaves a state that is there as it is."""
    return lambda state: Judged(body, state or counting(None).state)


def number_of(world: World, ticket: TicketKey) -> int | None:
    state = world.states.state(ticket)
    return None if state is None else state.ticket["number"]


def take(world: World, ticket: TicketKey, event: str, judge: Judge = counting, now: datetime = START) -> Taken:
    return world.states.take(ticket, event, judge, now)


def refuse(_records: Sequence[NewRecord]) -> None:
    raise LogAwayError("away", "the log is away")


def a_delivery_leads_to_its_event_and_the_next_state(world: World) -> None:
    assert world.states.find("e-1") is None
    assert world.states.state(T1) is None
    assert take(world, T1, "e-1").event == b'{"number":1}'
    assert take(world, T1, "e-2").event == b'{"number":2}'
    assert number_of(world, T1) == 2
    world.states.publish(world.append)
    assert world.log == [b'{"number":1}', b'{"number":2}']
    assert world.states.find("e-1") == Taken(b'{"number":1}', is_repeated=True, is_published=True)


def a_repeat_leads_to_the_same_event_and_is_not_judged(world: World) -> None:
    def not_asked(_state: TicketState | None) -> Judged:
        raise AssertionError("a delivery that is known was judged again")

    first = take(world, T1, "e-1")
    take(world, T1, "e-2")
    again = take(world, T1, "e-1", not_asked)
    assert (first.is_repeated, again.is_repeated, again.event) == (False, True, first.event)
    world.states.publish(world.append)
    take(world, T1, "e-1", not_asked)
    world.states.publish(world.append)
    assert (world.log, number_of(world, T1)) == ([b'{"number":1}', b'{"number":2}'], 2)


def what_a_judge_raises_leaves_everything_as_it_was(world: World) -> None:
    def fails(_state: TicketState | None) -> Judged:
        raise ZeroDivisionError

    take(world, T1, "e-1")
    with pytest.raises(ZeroDivisionError):
        take(world, T1, "e-2", fails)
    assert (number_of(world, T1), world.states.find("e-2")) == (1, None)
    assert take(world, T1, "e-2").event == b'{"number":2}'
    world.states.publish(world.append)
    assert len(world.log) == 2


def an_event_that_changes_no_state_is_published_too(world: World) -> None:
    take(world, T1, "e-1")
    take(world, T1, "e-2", of(b"late"))
    world.states.publish(world.append, T1)
    assert (world.log, number_of(world, T1)) == ([b'{"number":1}', b"late"], 1)


def tickets_of_two_sources_are_two(world: World) -> None:
    take(world, T1, "e-1")
    take(world, ELSEWHERE, "e-2")
    take(world, T2, "e-3")
    assert [number_of(world, one) for one in (T1, ELSEWHERE, T2)] == [1, 1, 1]


def what_the_log_did_not_take_goes_first_and_in_order(world: World) -> None:
    taken = [take(world, T1, f"e-{number}") for number in range(3)]
    if not taken[0].is_published:
        with pytest.raises(LogAwayError):
            world.states.publish(refuse, T1)
        known = world.states.find("e-1")
        assert known is not None
        assert not known.is_published
    take(world, T1, "e-3")
    world.states.publish(world.append, T1)
    assert world.log == [b'{"number":%d}' % number for number in (1, 2, 3, 4)]
    assert world.states.publish(world.append) == 0


def one_ticket_is_published_without_the_others(world: World) -> None:
    if take(world, T1, "e-1").is_published:
        return
    take(world, T2, "e-2", of(b"other"))
    assert world.states.publish(world.append, T2) == 1
    assert (world.log, world.states.unpublished()) == ([b"other"], Unpublished(1, START))


def what_the_log_refuses_for_good_keeps_back_its_ticket_alone(world: World) -> None:
    def append(records: Sequence[NewRecord]) -> None:
        if any(one.key == b"T-2" for one in records):
            raise LogUnavailableError("too_large", "the topic takes no such record")
        world.append(records)

    if take(world, T2, "e-1").is_published:
        return
    take(world, T1, "e-2", of(b"other"))
    with pytest.raises(LogUnavailableError, match="topic"):
        world.states.publish(append)
    assert (world.log, world.states.unpublished().events) == ([b"other"], 1)


def what_waits_is_counted(world: World) -> None:
    assert world.states.unpublished() == Unpublished(0, None)
    if not take(world, T1, "e-1", now=START + DAY).is_published:
        assert take(world, T1, "e-2", now=START + 2 * DAY).event
        assert world.states.unpublished() == Unpublished(2, START + DAY)
    world.states.publish(world.append)
    assert world.states.unpublished() == Unpublished(0, None)


def states_are_seeded_where_none_is_as_new(world: World) -> None:
    take(world, T1, "e-1")
    old, new = (
        TicketState(saved=START + timedelta(seconds=number), since_creation=False, ticket={"number": number})
        for number in (0, 9)
    )
    assert world.states.seed([(T1, old), (T2, old), (ELSEWHERE, new)], START) == 2
    assert world.states.seed([(T1, new), (T2, old)], START) == 1
    assert [number_of(world, one) for one in (T1, T2, ELSEWHERE)] == [9, 0, 9]
    world.states.publish(world.append)
    assert len(world.log) == 1


def what_is_over_is_forgotten(world: World) -> None:
    kept = Retention(deliveries=7 * DAY, states=400 * DAY)
    take(world, T1, "e-1")
    take(world, T2, "e-2", now=START + DAY)
    world.states.publish(world.append)
    assert world.states.prune(START + 7 * DAY - timedelta(seconds=1), kept) == 0
    assert world.states.prune(START + 7 * DAY, kept) == 1
    assert (world.states.find("e-1"), number_of(world, T1)) == (None, 1)
    assert world.states.find("e-2") is not None
    take(world, T1, "e-3", now=START + 20 * DAY)
    world.states.publish(world.append)
    assert world.states.prune(START + 401 * DAY, kept, limit=1) == 2
    assert world.states.prune(START + 401 * DAY, kept) == 1
    assert (number_of(world, T1), number_of(world, T2)) == (2, None)


def what_was_not_published_is_not_forgotten(world: World) -> None:
    taken = take(world, T1, "e-1")
    world.states.prune(START + 400 * DAY, Retention())
    world.states.publish(world.append)
    assert world.log == [taken.event]


def a_word_is_taken_out_of_all_that_is_kept(world: World) -> None:
    secret = TicketState(saved=START, since_creation=True, ticket={"number": 1, "title": "Zoe"})
    take(world, T1, "e-1", lambda _state: Judged(b'{"title":"Zoe"}', secret))
    take(world, T2, "e-2", of(b"{}"))
    world.states.publish(world.append)
    bodies = {one.place: one.body for one in world.states.kept() if b"Zoe" in one.body}
    assert set(bodies) == {"ticket_states", "deliveries"}
    assert world.states.rewrite(lambda body: body.replace(b"Zoe", b"(forgotten)")) == 2
    assert [one for one in world.states.kept() if b"Zoe" in one.body] == []
    after = world.states.state(T1)
    assert after is not None
    assert (after.ticket, after.saved) == ({"number": 1, "title": "(forgotten)"}, START)
    assert take(world, T1, "e-1").event == b'{"title":"(forgotten)"}'
    assert world.states.rewrite(lambda body: body) == 0
