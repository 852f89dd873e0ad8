"""A post and what was known of its ticket make an event whose triggers are those that the saves mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from msgspec.structs import replace

from engine.stages.s1_triggers import raised_triggers
from intake.observation import Moment, Observation
from intake.states.judgement import AHEAD, Judged, event_id, judge, ticket_key
from intake.states.ticket_state import TicketState
from schemas.cutting import CUT, MAX_TEXT_BYTES
from schemas.event import read_event
from schemas.refusal import RefusedError
from schemas.vocabulary import Trigger
from tests.intake.posts import RECEIVED, SOURCE, START, TICKET, Post, lives, post, whole
from tests.intake.second_reading import SecondReading


def judged(state: TicketState | None, one: Post) -> Judged:
    return judge(one.observation, state, one.delivery, RECEIVED)


def raised(event: bytes) -> set[str]:
    return {trigger.value for trigger in raised_triggers(read_event(event, RECEIVED))}


def after(*posts: Post) -> tuple[list[set[str]], TicketState | None]:
    """What each post raises, and the state behind the last."""
    state, found = None, []
    for one in posts:
        made = judged(state, one)
        state = made.state
        found.append(raised(made.event))
    return found, state


def created(**fields: Any) -> Post:
    return post(0, whole(**fields), Moment.CREATED)


Judge = Callable[[Observation, TicketState | None, str, datetime], Judged]


def agrees(posts: list[Post], judging: Judge) -> None:
    """Every event means what a second reading of the posts says."""
    state, reading, seen = None, SecondReading(), set[str]()
    for one in posts:
        if one.delivery not in seen:
            seen.add(one.delivery)
            made = judging(one.observation, state, one.delivery, RECEIVED)
            state = made.state
            assert raised(made.event) == reading.triggers_of(one.observation)


@settings(max_examples=200)
@given(lives())
def test_events_mean_what_a_second_reading_of_the_posts_says(posts: list[Post]) -> None:
    agrees(posts, judge)


def forgets(observation: Observation, state: TicketState | None, delivery: str, received: datetime) -> Judged:
    return judge(observation, None, delivery, received)


def goes_back(observation: Observation, state: TicketState | None, delivery: str, received: datetime) -> Judged:
    earlier = state and replace(state, saved=min(state.saved, observation.time))
    return judge(observation, earlier, delivery, received)


def takes_all_for_created(
    observation: Observation, state: TicketState | None, delivery: str, received: datetime
) -> Judged:
    return judge(replace(observation, moment=Moment.CREATED), state, delivery, received)


def believes_no_post(observation: Observation, state: TicketState | None, delivery: str, received: datetime) -> Judged:
    return judge(replace(observation, before=None), state, delivery, received)


@pytest.mark.parametrize("broken", [forgets, goes_back, takes_all_for_created, believes_no_post])
def test_the_second_reading_finds_a_judge_that_is_wrong(broken: Judge) -> None:
    phases = (Phase.generate,)  # what it finds need not be small

    @settings(max_examples=300, phases=phases, database=None, derandomize=True)
    @given(lives())
    def holds(posts: list[Post]) -> None:
        agrees(posts, broken)

    with pytest.raises((AssertionError, BaseExceptionGroup)):
        holds()


@settings(max_examples=50)
@given(lives())
def test_the_first_sight_of_a_ticket_that_is_no_creation_never_opens_it(posts: list[Post]) -> None:
    for one in posts:
        if one.observation.moment is not Moment.CREATED:
            assert "opened" not in raised(judged(None, one).event)


@settings(max_examples=50)
@given(lives())
def test_a_save_that_comes_too_late_raises_nothing_and_changes_nothing(posts: list[Post]) -> None:
    state: TicketState | None = None
    for one in posts:
        made = judged(state, one)
        creation = one.observation.moment is Moment.CREATED
        if state is not None and one.observation.time < state.saved and (state.since_creation or not creation):
            assert raised(made.event) == set()
            assert made.state == state
        state = made.state


@settings(max_examples=50)
@given(lives())
def test_the_same_post_on_the_same_state_is_the_same_event_byte_by_byte(posts: list[Post]) -> None:
    state = None
    for one in posts:
        made, again = judged(state, one), judged(state, one)
        assert made == again
        # As it is kept and read back.
        state = msgspec.json.decode(msgspec.json.encode(made.state), type=TicketState)
        assert state == made.state


def test_a_creation_opens_and_what_follows_is_compared_with_it() -> None:
    found, _ = after(created(), post(1, {"status": "solved", "resolution_marked": True}), post(2, {"status": "solved"}))
    assert found == [{"opened"}, {"status_changed", "resolved"}, set()]


def test_a_creation_that_was_overtaken_opens_its_ticket_once() -> None:
    late = [post(2, {"status": "open"}), created(), post(3, {"status": "solved"})]
    found, state = after(*late)
    assert found == [set(), {"opened"}, {"status_changed"}]
    assert state is not None
    assert (state.ticket["status"], state.ticket["title"]) == ("solved", "Printer")
    assert state.ticket["first_described_at"] == "2026-03-02T09:00:00Z"
    # Another post that says it is the creation is none, and the description is not the first a second time.
    again = post(9, whole(), Moment.CREATED, time=START)
    emptied, written = post(4, {"external_description": ""}), post(5, {"external_description": "It jams"})
    assert after(*late, again, emptied, written)[0][3:] == [set(), set(), set()]


def test_a_creation_that_was_overtaken_tells_the_ticket_as_it_was_then() -> None:
    _, state = after(post(2, whole(status="open", title="Scanner", external_description="It does not scan")))
    read = read_event(judged(state, created()).event, RECEIVED)
    assert (read.ticket.status, read.ticket.title, read.time) == ("new", "Printer", START)


def test_a_creation_without_a_description_that_was_overtaken_opens_nothing() -> None:
    found, _ = after(post(2, {"status": "open"}), created(external_description=None), post(3, whole()))
    assert found == [set(), set(), {"opened", "status_changed"}]


def test_a_creation_of_which_the_time_is_not_known_is_overtaken_too() -> None:
    """A helpdesk that says no time: each post was saved when it came."""
    found, state = after(post(1, {"status": "open"}), post(2, whole(), Moment.CREATED))
    assert found == [set(), {"opened"}]
    assert state is not None
    assert state.ticket["status"] == "open"


def test_a_description_told_once_is_in_every_later_event() -> None:
    _, state = after(created())
    event = read_event(judged(state, post(1, {"status": "open"})).event, RECEIVED)
    assert event.ticket.external_description == "It does not print"
    assert event.ticket.first_described_at == START


def test_a_ticket_without_contract_opens_when_it_gets_one() -> None:
    assert after(created(contract=None), post(1, {"contract": "C-7"}))[0] == [set(), {"opened"}]


def test_emptied_and_written_again_opens_nothing() -> None:
    emptied, written = post(1, {"external_description": ""}), post(2, {"external_description": "again"})
    assert after(created(), emptied, written)[0] == [{"opened"}, set(), set()]


def test_a_field_that_an_old_ticket_says_for_the_first_time_has_not_changed() -> None:
    first = post(1, {"priority": "high"})
    assert after(first, post(2, whole(status="solved", resolution_marked=True)))[0] == [set(), set()]


def test_an_old_ticket_that_is_known_to_have_no_description_opens_with_it() -> None:
    assert after(post(1, whole(external_description=None)), post(2, whole()))[0] == [set(), {"opened"}]


def test_changes_of_a_save_that_got_lost_show_with_the_next() -> None:
    assert after(created(contract=None), post(5, whole(contract="C-7", status="open")))[0][1] == {
        "opened",
        "status_changed",
    }


def test_what_a_post_tells_of_before_stands_above_the_state() -> None:
    """The post that reopened it got lost: it is resolved a second time all the same."""
    first = post(1, {"resolution_marked": True}, before={"resolution_marked": False})
    again = post(9, {"resolution_marked": True}, before={"resolution_marked": False})
    assert after(created(), first, again)[0][1:] == [{"resolved"}, {"resolved"}]


def test_two_posts_of_one_save_raise_each_change_once() -> None:
    """Zendesk posts each changed field by itself, with the whole ticket as it is now."""
    now = whole(status="solved", priority="low")
    by_priority = post(1, now, before={"priority": "high"})
    by_status = Post("d-1b", replace(by_priority.observation, before={"status": "new"}))
    assert after(created(), by_priority, by_status)[0][1:] == [{"status_changed"}, set()]


def test_an_old_ticket_may_tell_itself_that_it_was_solved() -> None:
    now = whole(status="solved", resolution_marked=True)
    told = {"status": "open", "resolution_marked": False, "external_description": None, "contract": None}
    assert after(post(1, now, before=told))[0] == [{"status_changed", "resolved"}]


def test_declared_triggers_are_believed_but_not_of_a_save_that_comes_too_late() -> None:
    declared = post(1, whole(), Moment.UNKNOWN, triggers=(Trigger.OPENED,))
    assert after(declared)[0] == [{"opened"}]
    assert after(post(2, whole()), declared)[0] == [set(), set()]


def test_a_declared_trigger_that_contradicts_the_ticket_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"data\.ticket\.closed_for_customer"):
        judged(None, post(1, whole(), triggers=(Trigger.CLOSED,)))


def test_members_of_links_and_custom_fields_stand_for_themselves() -> None:
    _, state = after(created(custom={"severity": 2, "region": "north"}), post(1, {"custom": {"severity": None}}))
    assert state is not None
    assert state.ticket["custom"] == {"severity": None, "region": "north"}


def test_long_texts_are_cut_where_they_are_kept() -> None:
    _, state = after(created(external_description="é" * MAX_TEXT_BYTES, custom={"log": "x" * 99_999}))
    assert state is not None
    assert len(state.ticket["external_description"].encode()) <= MAX_TEXT_BYTES
    assert state.ticket["custom"]["log"].endswith(CUT)


def test_a_clock_far_ahead_does_not_make_later_saves_old() -> None:
    ahead = post(0, whole(), Moment.CREATED, time=RECEIVED + timedelta(days=30_000))
    _, state = after(ahead)
    assert state is not None
    assert state.saved == RECEIVED
    slightly = post(0, whole(), time=RECEIVED + AHEAD)
    assert judged(None, slightly).state.saved == RECEIVED + AHEAD


def test_fields_that_no_event_has_are_left_out() -> None:
    assert "password" not in judged(None, created(password="secret")).state.ticket


def test_the_id_of_an_event_follows_from_source_and_delivery() -> None:
    one = msgspec.json.decode(judged(None, created()).event)
    assert one["id"] == event_id(SOURCE, "d-0")
    assert len({event_id("/a", "bc"), event_id("/ab", "c"), event_id("/a", "b")}) == 3
    assert (one["subject"], one["data"]["ticket"]["id"]) == (TICKET, TICKET)


@pytest.mark.parametrize(
    ("ticket", "field"),
    [
        ({"status": {"a": 1}}, r"data\.ticket\.status"),
        ({"title": "half \ud83d"}, r"data\.ticket\.title"),
        ({"custom": {"x": {"y": "\udc00"}}}, r"data\.ticket\.custom\.x\.y"),
        ({"custom": {"n": 10**400}}, r"data\.ticket\.custom\.n"),
        ({"created_at": "yesterday"}, r"data\.ticket\.created_at"),
    ],
)
def test_what_makes_no_event_is_refused_by_its_field(ticket: dict[str, Any], field: str) -> None:
    with pytest.raises(RefusedError, match=field):
        judged(None, post(1, whole(**ticket)))


def test_a_value_nested_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(RefusedError, match="nested"):
        judged(None, post(1, whole(custom={"deep": deep})))


@pytest.mark.parametrize("wrong", [None, 1042, "", "x" * 300, "a\nb", ["T-1"]])
def test_a_ticket_without_an_id_is_refused(wrong: Any) -> None:
    with pytest.raises(RefusedError, match=r"data\.ticket\.id"):
        ticket_key(Observation(source=SOURCE, ticket={"id": wrong}, time=START))
    with pytest.raises(RefusedError, match="source"):
        ticket_key(Observation(source="", ticket={"id": TICKET}, time=START))
