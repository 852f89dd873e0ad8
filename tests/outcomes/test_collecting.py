"""What an endpoint is told: which changes, in which words, and what of a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from outcomes.collecting import Collector
from outcomes.endpoint import ENDED, STATES, Endpoint, Tell
from outcomes.ports import Selection
from schemas.log import NewRecord
from schemas.outcome_posts import MOST_JOBS
from schemas.topics import SUPPRESSIONS
from sender.states import FINISHED, Hold, State
from tests.support.outcomes import MINUTE, SECOND, FakeJobs, an_endpoint, an_outcome, record_of
from tests.support.sender.fakes import START, FakeClock, a_job

SCHEMAS = Path(__file__).parents[2] / "schemas" / "json"
ZOE, LI = a_job("e-1"), a_job("e-1", address="li@desk.example")


@pytest.fixture
def posts(tmp_path: Path) -> Iterator[SqliteOutcomePosts]:
    with closing(SqliteOutcomePosts(tmp_path / "tocsin.db")) as made:
        yield made


class World:
    def __init__(self, posts: SqliteOutcomePosts, *endpoints: Endpoint, jobs: FakeJobs | None = None) -> None:
        self.posts = posts
        self.clock = FakeClock()
        self.collector = Collector(endpoints, posts, jobs or FakeJobs(ZOE, LI), self.clock)

    def bodies(self) -> list[Any]:
        listed = list(reversed(self.posts.list(Selection(), 100)))
        for one in listed:
            kind = "ticket-post" if one.type == "ticket.told" else "job-post"
            jsonschema.validate(json.loads(one.body), json.loads((SCHEMAS / f"{kind}.schema.json").read_text()))
        return [json.loads(one.body) for one in listed]


def test_the_states_are_those_of_the_sender() -> None:
    assert {state.value for state in FINISHED} == ENDED
    assert {state.value for state in State} - {"sending"} == STATES
    assert Hold.DIGEST not in STATES


def test_each_change_into_a_wanted_state_is_a_post(posts: SqliteOutcomePosts) -> None:
    world = World(posts, an_endpoint(), an_endpoint("all", states=STATES))
    records = [record_of(an_outcome(ZOE, "queued", 1)), record_of(an_outcome(ZOE, "delivered", 3))]
    assert world.collector.collect(records) == 3
    assert world.collector.collect(records) == 0
    assert [(one.endpoint, one.type) for one in reversed(posts.list(Selection(), 9))] == [
        ("all", "job.queued"),
        ("desk", "job.delivered"),
        ("all", "job.delivered"),
    ]


def test_without_personal_data_a_post_names_nobody(posts: SqliteOutcomePosts) -> None:
    world = World(posts, an_endpoint())
    outcome = an_outcome(ZOE, "failed", transition="refused", reply="550 5.1.1 <zoe@acme.example> Zoé is unknown")
    world.collector.collect([record_of(outcome)])
    [body] = world.bodies()
    assert body == {
        "type": "job.failed",
        "timestamp": "2026-03-02T09:00:00Z",
        "data": {
            "ticket": {"source": "/helpdesk", "id": "T-1", "reference": "2026-1"},
            "event": "e-1",
            "job": {
                "id": ZOE.id,
                "person": {"kind": "contact", "id": "ct-1", "name": None, "address": None},
                "channel": "email",
                "trigger": "status_changed",
                "state": "failed",
                "transition": "refused",
                "sequence": 3,
                "attempt": 1,
                "at": "2026-03-02T09:00:00Z",
                "reply": "550 5.1.1",
            },
        },
    }


def test_with_personal_data_it_says_all(posts: SqliteOutcomePosts) -> None:
    world = World(posts, an_endpoint(personal_data=True))
    world.collector.collect([record_of(an_outcome(ZOE))])
    [body] = world.bodies()
    assert body["data"]["job"]["person"]["name"] == "Zoé Martin"
    assert body["data"]["job"]["person"]["address"] == "zoe@acme.example"
    assert body["data"]["job"]["reply"] == "250 2.0.0 queued for zoe@acme.example"


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (None, None),
        ("250 queued", "250"),
        ("550-5.7.1 no", "550 5.7.1"),
        ("zoe@acme.example left", None),
        ("+33612345678 is unknown", None),
        ("55512345 is no number", None),
        ("250.1 x", None),
    ],
)
def test_of_what_a_server_said_the_codes_alone_name_nobody(
    posts: SqliteOutcomePosts, reply: str | None, shown: str | None
) -> None:
    world = World(posts, an_endpoint())
    world.collector.collect([record_of(an_outcome(ZOE, reply=reply))])
    found = world.bodies()[0]["data"]["job"]["reply"]
    assert found == (shown if shown is None else reply[: len(shown)] if reply else None)


def test_a_job_that_is_no_longer_kept_is_told_all_the_same(posts: SqliteOutcomePosts) -> None:
    world = World(posts, an_endpoint(personal_data=True), jobs=FakeJobs())
    world.collector.collect([record_of(an_outcome(ZOE))])
    assert world.bodies()[0]["data"]["ticket"]["reference"] is None


def test_other_records_are_no_outcomes(posts: SqliteOutcomePosts) -> None:
    world = World(posts, an_endpoint())
    assert world.collector.collect([NewRecord(SUPPRESSIONS, b"k", b"{}"), NewRecord(SUPPRESSIONS, b"k", None)]) == 0


def test_a_save_is_summed_in_one_post(posts: SqliteOutcomePosts) -> None:
    world = World(posts, an_endpoint(tell=Tell.TICKETS, settle=10 * SECOND))
    world.collector.collect([record_of(an_outcome(ZOE, "queued", 1)), record_of(an_outcome(LI, "queued", 1))])
    world.collector.collect([record_of(an_outcome(ZOE, "delivered", 3)), record_of(an_outcome(LI, "failed", 3))])
    assert world.collector.sum_up() == 0
    world.clock.advance(10 * SECOND)
    assert world.collector.sum_up() == 1
    [body] = world.bodies()
    data = body["data"]
    assert (body["type"], data["complete"], data["event"], data["left_out"]) == ("ticket.told", True, "e-1", 0)
    assert [one["id"] for one in data["told"]] == [ZOE.id]
    assert [(one["id"], one["state"]) for one in data["not_told"]] == [(LI.id, "failed")]
    assert data["waiting"] == []
    assert data["ticket"]["reference"] == "2026-1"


def test_what_waits_is_named_and_the_rest_follows(posts: SqliteOutcomePosts) -> None:
    world = World(posts, an_endpoint(tell=Tell.TICKETS, within=15 * MINUTE))
    world.collector.collect([record_of(an_outcome(ZOE, "delivered", 3)), record_of(an_outcome(LI, "held", 2))])
    world.clock.advance(15 * MINUTE)
    world.collector.sum_up()
    world.collector.collect([record_of(an_outcome(LI, "delivered", 5))])
    world.clock.advance(MINUTE)
    world.collector.sum_up()
    part, whole = (one["data"] for one in world.bodies())
    assert (part["complete"], [one["id"] for one in part["waiting"]]) == (False, [LI.id])
    assert (whole["complete"], len(whole["told"]), whole["waiting"]) == (True, 2, [])
    first, second = posts.list(Selection(), 2)
    assert first.id != second.id


def test_a_sum_names_a_bounded_number(posts: SqliteOutcomePosts) -> None:
    jobs = [a_job("e-1", address=f"p{number}@acme.example") for number in range(MOST_JOBS + 7)]
    world = World(posts, an_endpoint(tell=Tell.TICKETS))
    world.collector.collect([record_of(an_outcome(job)) for job in jobs])
    world.clock.advance(MINUTE)
    world.collector.sum_up()
    data = world.bodies()[0]["data"]
    assert (len(data["told"]), data["left_out"], data["complete"]) == (MOST_JOBS, 7, True)


def test_a_sum_of_an_endpoint_that_is_no_more_is_dropped(posts: SqliteOutcomePosts) -> None:
    World(posts, an_endpoint(tell=Tell.TICKETS)).collector.collect([record_of(an_outcome(ZOE))])
    world = World(posts)
    world.clock.advance(MINUTE)
    assert world.collector.sum_up() == 1
    assert world.collector.sum_up() == 0
    assert world.bodies() == []


def test_control_the_clock_of_the_tests_stands_still() -> None:
    assert FakeClock().now() == START
