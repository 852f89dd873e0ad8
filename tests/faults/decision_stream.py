"""A steady stream of events to each partition, and how long decisions paused in any of them."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, pairwise
from typing import Any

import msgspec
from kafka.partitioner import murmur2

from schemas.log import NewRecord
from schemas.topics import DECISIONS, TICKETS
from tests.support.brokers.cluster import Cluster

Event = dict[str, Any]

FLOWS_AFTER = 3.0
"""Seconds after which decisions are expected to follow events."""


class DecisionStream:
    """Emits events to all partitions in turn, `per_second` to each. `event` makes one, by its number and ticket."""

    def __init__(
        self, cluster: Cluster, partitions: int, event: Callable[[int, str], Event], per_second: float = 10.0
    ) -> None:
        self._cluster = cluster
        self._event = event
        self._pause = 1 / per_second / partitions
        self._tickets = _tickets(partitions)
        self._over = threading.Event()
        self.sent: dict[str, int] = {}
        """The partition of each event, by its id."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Emit until the block ends, which begins once decisions flow."""
        with Cluster(self._cluster.bootstrap, self._cluster.prefix) as mine:
            thread = threading.Thread(target=self._emit, args=[mine])
            thread.start()
            try:
                self._over.wait(FLOWS_AFTER)
                yield
            finally:
                self._over.set()
                thread.join()

    def _emit(self, mine: Cluster) -> None:
        begun = time.monotonic()
        for number in count():
            if self._over.wait(max(0.0, begun + number * self._pause - time.monotonic())):
                return
            partition = number % len(self._tickets)
            ticket = self._tickets[partition]
            event = self._event(number, ticket)
            self.sent[event["id"]] = partition
            mine.append([NewRecord(TICKETS, ticket.encode(), json.dumps(event).encode())])

    def longest_pauses(self, spans: Sequence[tuple[float, float]]) -> list[float]:
        """The longest time without a decision in any partition, in seconds, that touches each of these spans.

        They are seconds since the epoch. For when all is decided; there must have been decisions before each span.
        """
        decided: dict[int, list[float]] = defaultdict(list)
        for record in self._cluster.read(DECISIONS):
            event = msgspec.json.decode(record.value or b"")["event"]
            if event in self.sent:
                decided[self.sent[event]].append(record.timestamp.timestamp())
        pauses = [pause for times in decided.values() for pause in pairwise(sorted(times))]
        assert all(min(times) < since for times in decided.values() for since, _ in spans), "no decisions before a span"
        return [max(end - begin for begin, end in pauses if begin < until and end > since) for since, until in spans]


def _tickets(partitions: int) -> list[str]:
    """A ticket for each partition, by the key that every client of Kafka puts there."""
    found: dict[int, str] = {}
    for number in count():
        ticket = f"T-{number}"
        found.setdefault((murmur2(ticket.encode()) & 0x7FFFFFFF) % partitions, ticket)
        if len(found) == partitions:
            return [found[one] for one in range(partitions)]
    raise AssertionError
