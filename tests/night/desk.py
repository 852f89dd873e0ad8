"""A helpdesk at work: customers with three people each, and tickets that are opened, changed and closed."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.faults.engines import directory_record
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import ALL, CONTRACT, CUSTOMER, email, envelope

PEOPLE = 3
LIVES = ("opened", "status_changed", "closed")


def directory(customers: int) -> Iterator[NewRecord]:
    """Records of so many customers."""
    for number in range(customers):
        name = f"acme-{number}"
        people = [f"ct-{number}-{one}" for one in range(PEOPLE)]
        contract = {
            "id": f"C-{number}",
            "client": name,
            "contacts": people,
            "products": [],
            "sites": [],
            "services": [],
        }
        yield directory_record({**CUSTOMER, "id": name, "name": name, "main_site": f"S-{number}"})
        yield directory_record({**CONTRACT, **contract})
        yield directory_record(
            {"kind": "site", "id": f"S-{number}", "customer": name, "contacts": [], "collaborators": []}
        )
        for person in people:
            modes = [email(f"{person}@{name}.example")]
            of = {"customer": name, "sites": [f"S-{number}"], "modes": modes, "alerts": ALL}
            yield directory_record({"kind": "contact", "id": person, **of})


class Desk:
    """Saves tickets at a rate that can be changed. Every save alerts the three people of its customer."""

    def __init__(self, cluster: Cluster, customers: int, seed: int) -> None:
        self._cluster = cluster
        self._customers = customers
        self._chance = random.Random(seed)
        self._open: list[tuple[int, int, int]] = []
        self._tickets = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._save)
        self.rate = 0.0
        """Saves a second."""
        self.saved: dict[str, float] = {}
        """When the log took each event, by its id."""

    def load_directory(self) -> None:
        self._cluster.append(directory(self._customers))

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _save(self) -> None:
        last = time.monotonic()
        due = 0.0
        while not self._stop.wait(0.2):
            now = time.monotonic()
            due, last = due + (now - last) * self.rate, now
            count, due = int(due), due - int(due)
            events = [self._next() for _ in range(count)]
            self._cluster.append(
                NewRecord(TICKETS, event["data"]["ticket"]["id"].encode(), json.dumps(event).encode())
                for event in events
            )
            self.saved |= dict.fromkeys((event["id"] for event in events), time.time())

    def _next(self) -> dict[str, Any]:
        if len(self._open) < 20 or self._chance.random() < 1 / len(LIVES):
            self._tickets += 1
            self._open.append((self._tickets, self._chance.randrange(self._customers), 0))
        place = self._chance.randrange(len(self._open))
        number, customer, stage = self._open.pop(place)
        if stage + 1 < len(LIVES):
            self._open.append((number, customer, stage + 1))
        return _event(number, customer, stage)


def _event(number: int, customer: int, stage: int) -> dict[str, Any]:
    before = {"status": "new", "closed_for_customer": False}
    now: dict[str, dict[str, object]] = {
        "opened": {},
        "status_changed": {"status": "waiting"},
        "closed": {"status": "waiting", "closed_for_customer": True},
    }
    ticket = {
        **before,
        **now[LIVES[stage]],
        "id": f"T-{number}",
        "reference": f"2026-{number}",
        "contract": f"C-{customer}",
        "customer": f"acme-{customer}",
    }
    previous = [None, {"status": "new"}, {"closed_for_customer": False}][stage]
    return envelope(ticket, {"previous": previous}, id=f"E-{number}-{stage}", time=datetime.now(UTC).isoformat())
