"""`kill -9` of `tocsin intake serve` under posts: none is lost, and no reader meets an event that another one did not.

On Kafka an event may lie there twice, byte by byte the same and under one id, where the kill fell between Kafka's
acknowledgement and our note of it, or a helpdesk had to repeat its post: whoever reads by id sees each once.
"""

from __future__ import annotations

import json
import random
import threading
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest

from schemas.log import Record
from schemas.topics import TICKETS
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import NOW
from tests.support.helpdesk.files import created
from tests.support.intake.service import OF_EVENTS, OF_HOOKS, Intake, topics_of_the_intake

TICKETS_OF_ALL = 6
"""Helpdesks that post at once, each about tickets of its own, so that a kill always meets a post under way."""
BATCH = 3
OF_BATCHES = OF_EVENTS | {"Content-Type": "application/cloudevents-batch+json"}


class Desk:
    """Posts saves of one ticket by its webhook, and batches of events, each again until it is answered with yes."""

    def __init__(self, number: int, address: str) -> None:
        self.ticket = f"T-{number}"
        self._client = httpx.Client(base_url=f"http://{address}", timeout=10)
        self._number = number
        self.saves = self.batches = 0

    def post_until(self, stop: threading.Event) -> None:
        """Post until told to stop; what was begun is finished."""
        with self._client:
            while not stop.is_set():
                self._post("/v1/hooks/generic", OF_HOOKS, self._save())
                self.saves += 1
                if self.saves % 5 == 0:
                    self._post("/v1/events", OF_BATCHES, self.batch(self.batches))
                    self.batches += 1

    def batch(self, number: int) -> list[dict[str, Any]]:
        first = self._number * 1_000_000 + number * BATCH
        return [{**created(first + one), "time": "2026-03-02T09:15:00Z"} for one in range(BATCH)]

    def _save(self) -> dict[str, Any]:
        told = {"id": self.ticket, "status": f"s{self.saves}", "delivery": f"{self.ticket} {self.saves}"}
        return told | ({"moment": "created"} if self.saves == 0 else {"moment": "updated"})

    def _post(self, path: str, headers: dict[str, str], body: Any) -> None:
        pause = threading.Event()
        for _ in range(1_000):
            with suppress(httpx.TransportError):
                answer = self._client.post(path, headers=headers, json=body)
                if answer.status_code == 202:
                    return
                assert answer.status_code == 503, answer.text
            pause.wait(0.05)
        raise AssertionError(f"{path} was never taken")


def check(records: Sequence[Record], desks: Sequence[Desk], doubles: int) -> None:
    """Each save once for whoever reads by id, in order, each with the status before; batches whole."""
    seen: dict[str, bytes] = {}
    of_tickets = defaultdict[str, list[dict[str, Any]]](list)
    for one in records:
        event = json.loads(one.value or b"")
        if event["id"] in seen:
            assert seen[event["id"]] == one.value, "one id, and two events"
        elif event["source"] == "/generic":
            of_tickets[event["subject"]].append(event["data"])
        seen[event["id"]] = one.value or b""
    assert len(records) - len(seen) <= doubles
    for desk in desks:
        saves = of_tickets[desk.ticket]
        assert [one["ticket"]["status"] for one in saves] == [f"s{number}" for number in range(desk.saves)]
        assert [(one["previous"] or {}).get("status") for one in saves[1:]] == [f"s{n}" for n in range(desk.saves - 1)]
        wanted = {one["id"] for number in range(desk.batches) for one in desk.batch(number)}
        assert wanted <= seen.keys()
    assert len(seen) == sum(desk.saves + desk.batches * BATCH for desk in desks)


_LONG = [pytest.mark.slow, pytest.mark.timeout(1_800)]


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("kills", [pytest.param(2, marks=pytest.mark.timeout(300)), pytest.param(20, marks=_LONG)])
def test_what_was_answered_is_there_and_nothing_else(cluster: Cluster, postgres_url: str, kills: int) -> None:
    topics_of_the_intake(cluster, partitions=3)
    intake, chance, stop = Intake(cluster, postgres_url), random.Random(kills), threading.Event()
    desks = [Desk(number, intake.address) for number in range(TICKETS_OF_ALL)]
    with ThreadPoolExecutor(TICKETS_OF_ALL) as threads:
        posting = [threads.submit(desk.post_until, stop) for desk in desks]
        for _ in range(kills):
            with intake.running():
                # The block ends it as a power cut would.
                stop.wait(0.3 + chance.random())
        with intake.running() as client:
            stop.set()
            for one in posting:
                one.result()
            intake.wait_until(lambda: "tocsin_intake_unpublished_events 0.0" in client.get("/metrics").text)
            records = cluster.read(TICKETS)
    check(records, desks, kills * TICKETS_OF_ALL * (1 + BATCH))
    print(f"{len(records)} events, {kills} kills")  # noqa: T201 - for the reader of a long run


def test_the_check_finds_what_is_lost_doubled_changed_or_out_of_order() -> None:
    desk = Desk(1, "127.0.0.1:1")
    events = []
    for number in range(3):
        previous = None if number == 0 else {"status": f"s{number - 1}"}
        data = {"ticket": {"status": f"s{number}"}, "previous": previous}
        events.append({"id": f"e{number}", "source": "/generic", "subject": desk.ticket, "data": data})
    desk.saves, desk.batches = 3, 1
    records = [record(one) for one in [*events, *desk.batch(0)]]
    check(records, [desk], 0)
    check([*records, records[0]], [desk], 1)
    changed = record(events[0] | {"time": "2026-03-02T09:15:00Z"})
    stranger = record(created(9))
    for broken in (records[1:], records[:-1], [*records, records[0]], [*records, changed], [*records, stranger]):
        with pytest.raises(AssertionError):
            check(broken, [desk], 0)
    with pytest.raises(AssertionError):
        check([records[1], records[0], *records[2:]], [desk], 0)


def record(event: dict[str, Any]) -> Record:
    return Record(TICKETS, 0, 0, NOW, None, json.dumps(event).encode())
