"""The table of states has no dead end, no way back that nobody named, and no state that is never reached."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from sender.states import FINISHED, TABLE, WAITING, Hold, Standing, State, Transition, begin, step
from tests.support.sender.fakes import START

UNTIL = START + timedelta(minutes=1)


def reachable(state: State) -> set[State]:
    found, seen = {state}, set[State]()
    while found - seen:
        seen |= found
        found |= {way.target for way in TABLE.values() if way.sources & found}
    return found


def ways_out(state: State) -> dict[Transition, State]:
    return {transition: way.target for transition, way in TABLE.items() if state in way.sources}


def test_every_transition_has_a_row() -> None:
    assert set(TABLE) == set(Transition)


def test_every_state_is_reached_from_a_jobs_beginning() -> None:
    beginnings = [way.target for way in TABLE.values() if not way.sources]
    assert set().union(*map(reachable, beginnings)) == set(State)


def test_a_finished_job_stays_so_unless_a_person_resends_it() -> None:
    assert {state: ways_out(state) for state in FINISHED} == {
        State.DELIVERED: {},
        State.EXPIRED: {},
        State.DROPPED: {},
        State.FAILED: {Transition.RESENT: State.QUEUED},
        State.CANCELLED: {Transition.RESENT: State.QUEUED},
        State.WITHDRAWN: {Transition.RESENT: State.QUEUED},
    }


@pytest.mark.parametrize("state", sorted(set(State) - FINISHED))
def test_an_open_job_can_always_be_delivered_or_end_by_its_expiry(state: State) -> None:
    assert State.DELIVERED in reachable(state)
    assert {Transition.EXPIRED, Transition.LEFT_UNKNOWN} & set(ways_out(state))


def test_what_may_have_arrived_is_never_called_expired() -> None:
    assert Transition.EXPIRED not in ways_out(State.UNKNOWN)


@pytest.mark.parametrize(("state", "transition"), [*product(State, Transition)])
def test_a_step_follows_the_table_and_counts(state: State, transition: Transition) -> None:
    before = Standing(state, attempt=3, unknowns=1, faults=1, changes=7, owner="a", freed=1)
    # What something holds, only a person can hold besides.
    by = Hold.PERSON if state is State.HELD else Hold.STORM
    after = step(before, transition, UNTIL, by if TABLE[transition].target is State.HELD else None)
    if state not in TABLE[transition].sources:
        assert after is None
        return
    assert after is not None
    assert after.changes == 8
    assert (after.due is not None) == (after.state in WAITING)
    assert (after.lease_until is not None) == (after.state is State.SENDING)
    assert (after.hold is not None) == (after.state is State.HELD)
    assert after.attempt == (4 if transition is Transition.CLAIMED else 3)
    assert after.unknowns == {Transition.RESENT: 0, Transition.LAPSED: 2, Transition.UNDECIDED: 2}.get(transition, 1)
    assert after.faults == {Transition.RESENT: 0, Transition.BROKEN: 2}.get(transition, 1)
    assert after.freed == {Transition.RESENT: 0, Transition.FREED: 2}.get(transition, 1)
    assert (after.owner, after.handed_over) == (None, False)


@pytest.mark.parametrize(
    ("owner", "handed_over", "may_be_freed"), [("a", False, True), ("a", True, False), (None, False, False)]
)
def test_only_what_was_certainly_not_handed_over_is_freed(
    owner: str | None, handed_over: bool, may_be_freed: bool
) -> None:
    """A job without an owner was claimed by an older version, which did not write down when it handed it over."""
    before = Standing(State.SENDING, owner=owner, handed_over=handed_over)
    assert (step(before, Transition.FREED, UNTIL) is not None) == may_be_freed
    assert step(before, Transition.LAPSED, UNTIL) is not None


def test_a_claim_names_its_owner_and_nothing_is_handed_over_yet() -> None:
    before = Standing(State.QUEUED, handed_over=True)
    claimed = step(before, Transition.CLAIMED, UNTIL, owner="a")
    assert claimed is not None
    assert (claimed.owner, claimed.handed_over, claimed.never_offered) == ("a", False, True)


def test_what_is_held_until_it_is_due_knows_until_when() -> None:
    waits = step(begin(Transition.ACCEPTED, START), Transition.HELD, UNTIL, Hold.DIGEST)
    assert waits is not None
    assert (waits.due, waits.hold) == (UNTIL, Hold.DIGEST)
    assert step(waits, Transition.HELD, hold=Hold.MODE) is None
    by_a_person = step(waits, Transition.HELD, hold=Hold.PERSON)
    assert by_a_person is not None
    assert (by_a_person.due, by_a_person.hold) == (None, Hold.PERSON)
    with pytest.raises(ValueError, match="needs a time"):
        step(begin(Transition.ACCEPTED, START), Transition.HELD, hold=Hold.QUIET)


def test_a_job_that_will_wait_needs_to_know_for_how_long() -> None:
    with pytest.raises(ValueError, match="needs a time"):
        step(begin(Transition.ACCEPTED, START), Transition.CLAIMED)


@pytest.mark.parametrize(("transition", "hold"), [(Transition.HELD, None), (Transition.CANCELLED, Hold.PERSON)])
def test_what_is_held_and_only_that_has_something_that_holds_it(transition: Transition, hold: Hold | None) -> None:
    with pytest.raises(ValueError, match="something that holds it"):
        step(begin(Transition.ACCEPTED, START), transition, hold=hold)


def after(*steps: Transition) -> Standing:
    """The standing of a job after these steps; every hold is a storm's."""
    standing: Standing | None = begin(Transition.ACCEPTED, START)
    for transition in steps:
        assert standing is not None
        standing = step(standing, transition, UNTIL, Hold.STORM if transition is Transition.HELD else None)
    assert standing is not None
    return standing


def test_a_job_that_a_person_let_go_stays_released() -> None:
    claimed = after(Transition.HELD, Transition.RELEASED, Transition.CLAIMED)
    assert (claimed.hold, claimed.released) == (None, True)
    assert not after(Transition.HELD, Transition.RESUMED).released


def test_a_carrier_carries_until_it_is_resent() -> None:
    refused = (Transition.HELD, Transition.CARRIES, Transition.CLAIMED, Transition.REFUSED)
    assert after(*refused).digest
    assert not after(*refused, Transition.RESENT).digest


def test_whatever_ends_a_carrier_can_end_what_is_bundled_with_it() -> None:
    endings = {transition for transition, way in TABLE.items() if way.sources and way.target in FINISHED}
    assert endings <= set(ways_out(State.BUNDLED))
    ends = {way.target for transition, way in TABLE.items() if transition in ways_out(State.BUNDLED)}
    assert ends - FINISHED == {State.HELD}


def test_a_person_can_not_hold_what_is_being_sent() -> None:
    sending = after(Transition.CLAIMED)
    assert step(sending, Transition.HELD, hold=Hold.PERSON) is None
    assert step(sending, Transition.HELD, hold=Hold.PAUSED) is not None
    assert step(after(), Transition.HELD, hold=Hold.PERSON) is not None
