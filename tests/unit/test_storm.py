"""When a storm ends, and which jobs one digest lists: no lane is overtaken, and nothing waits for ever."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.states import Hold, Transition
from sender.storms.digests import Ahead, HeldJob, Over, digests, release_reports, storm_report
from sender.storms.storm import NO_STORMS, StormPolicy, ends_at, saved_at
from tests.support.sender.fakes import START, a_job

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"limit": -1},
        {"digest_size": 1},
        {"window": timedelta(0)},
        {"quiet": timedelta(0)},
        {"quiet": timedelta(hours=1), "longest": timedelta(minutes=59)},
    ],
)
def test_a_policy_that_can_not_be_kept_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"limit|window"):
        StormPolicy(**fields)


def test_a_policy_without_a_limit_has_no_storms() -> None:
    assert (NO_STORMS.limit, StormPolicy(quiet=MINUTE, longest=MINUTE).limit) == (0, 30)


def test_a_storm_ends_after_a_quiet_time_and_never_later_than_the_longest() -> None:
    policy = StormPolicy(quiet=5 * MINUTE, longest=12 * MINUTE)
    joins = [ends_at(policy, START, START + minutes * MINUTE) - START for minutes in (0, 6, 7, 8, 60)]
    assert joins == [5 * MINUTE, 11 * MINUTE, 12 * MINUTE, 12 * MINUTE, 12 * MINUTE]


def test_a_storm_is_measured_by_the_time_of_the_save() -> None:
    job = a_job(created=START + 9 * MINUTE)
    assert saved_at(job) == job.context.saved_at == START


def held_job(place: int, lane: str = "a", reader: str = "") -> HeldJob:
    return HeldJob(f"j-{place}", place, lane, place, reader)


def test_the_newest_carries_and_the_others_are_bundled() -> None:
    carrier, first, second = release_reports([held_job(1), held_job(2), held_job(3)], START, Over.STORM)
    assert (carrier.job, carrier.attempt, carrier.transition) == ("j-3", 3, Transition.CARRIES)
    assert (carrier.until, carrier.text) == (START, "a digest of 3")
    assert [(one.job, one.transition) for one in (first, second)] == [("j-1", "bundled"), ("j-2", "bundled")]
    [lone] = release_reports([held_job(7)], START, Over.STORM)
    assert (lone.transition, lone.until) == (Transition.RESUMED, START)


def test_what_is_held_says_why() -> None:
    report = storm_report("j", StormPolicy(limit=3, window=MINUTE))
    assert (report.hold, report.text) == (Hold.STORM, "more than 3 messages for one mailbox within 0:01:00")


Open = tuple[str, str | None]
"""An open job: its lane, and its reader where the storm held it."""

OLDER = "in a digest that has not gone out yet"

open_jobs = st.builds(
    lambda older, jobs: [*((lane, OLDER) for lane in older), *jobs],
    st.lists(st.sampled_from("abcd"), max_size=5),
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([None, "", "z", "l"])), max_size=30),
)


def split(jobs: list[Open]) -> tuple[list[HeldJob], list[Ahead]]:
    carrier = max(in_the_older(jobs), default=None)
    held = [held_job(place, lane, reader) for place, (lane, reader) in enumerate(jobs) if reader not in {None, OLDER}]
    others = [
        Ahead(lane, place, carrier if reader == OLDER else None)
        for place, (lane, reader) in enumerate(jobs)
        if reader in {None, OLDER}
    ]
    return held, others


def in_the_older(jobs: list[Open]) -> list[int]:
    return [place for place, (_, reader) in enumerate(jobs) if reader == OLDER]


@given(open_jobs, st.integers(2, 6))
def test_each_job_is_in_one_group_of_one_reader_and_none_is_too_large(jobs: list[Open], size: int) -> None:
    held, others = split(jobs)
    groups = digests(held, others, size)
    assert sorted(one.place for group in groups for one in group) == [one.place for one in held]
    assert all(0 < len(group) <= size for group in groups)
    assert all(group == sorted(group, key=lambda one: one.place) for group in groups)
    assert all(len({one.reader for one in group}) == 1 for group in groups)


@given(open_jobs, st.integers(2, 6))
def test_sent_by_the_rule_of_lanes_all_go_out_and_none_overtakes(jobs: list[Open], size: int) -> None:
    check_order(jobs, digests(*split(jobs), size))


def test_what_two_readers_are_told_of_many_tickets_is_two_digests() -> None:
    """One hears of openings, the other of ends: no lane is overtaken, and yet they are not told one by one."""
    held = [held_job(2 * number + end, f"T-{number}", "zl"[end]) for number in range(100) for end in (0, 1)]
    assert [len(group) for group in digests(held, [], 1_000)] == [100, 100]


def test_what_waits_for_one_digest_is_one_digest() -> None:
    """The relay was out of reach for an hour, and each ticket was saved in the next one too."""
    held = [held_job(100 + number, f"T-{number}") for number in range(100)]
    others = [Ahead(f"T-{number}", number, 99) for number in range(100)]
    assert [len(group) for group in digests(held, others, 1_000)] == [100]
    assert [len(group) for group in digests(held, [Ahead("T-0", 0), *others[1:]], 1_000)] == [1, 99]


def check_order(jobs: list[Open], groups: list[list[HeldJob]]) -> None:
    """Send what may go, a group by its last job, until nothing may: a job waits for the older ones of its lane."""
    group_of = {one.place: number for number, group in enumerate(groups) for one in group}
    older, lanes = in_the_older(jobs), defaultdict(list)
    for place, (lane, _) in enumerate(jobs):
        lanes[lane].append(place)
    sent: list[int] = []
    while len(sent) < len(jobs):
        units = [[place] for place in range(len(jobs)) if place not in group_of and place not in older]
        units += [[one.place for one in group] for group in groups] + [older] * bool(older)
        ready = [unit for unit in units if unit[-1] not in sent and may_go(unit, lanes[jobs[unit[-1]][0]], sent)]
        assert ready, "everything waits for something else"
        sent += ready[-1]
    for older_first in lanes.values():
        assert [place for place in sent if place in older_first] == older_first


def may_go(unit: list[int], lane: list[int], sent: list[int]) -> bool:
    return all(place in sent or place in unit for place in lane if place < unit[-1])


@pytest.mark.parametrize("groups", [[[0, 2], [1, 3]], [[0, 1, 2, 3]], [[0, 3], [1, 2]]])
def test_the_check_finds_groups_that_overtake_or_wait_for_ever(groups: list[list[int]]) -> None:
    """Groups of the four jobs that the storm held, counted from 0."""
    jobs: list[Open] = [("a", ""), ("b", ""), ("b", None), ("b", ""), ("a", "")]
    places = [[0, 1, 3, 4][number] for group in groups for number in group]
    taken = iter(places)
    made = [[held_job(next(taken), "") for _ in group] for group in groups]
    with pytest.raises(AssertionError):
        check_order(jobs, made)
