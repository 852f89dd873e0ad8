"""Changes rules again and again while events come, and says in the end what became of all, and what is left over.

Usage: python -m tests.faults.reload_child FOLDER RELOADS [SLIP]

A SLIP breaks something on purpose, so that it can be seen that it would be noticed: `children` never ends the rule
engine's process, `memory` keeps every rulebook.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from adapters.durable_rules.matcher import DurableMatcher
from adapters.sqlite.event_log import SqliteConsumer, SqliteLog
from engine.consumer import Consumer
from engine.directory.directory import Directory
from schemas.log import NewRecord
from schemas.topics import DECISIONS, JOBS, TICKETS
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created
from tests.support.helpdesk.rule_folders import OWN, write_rules
from tocsin.clock import SystemClock
from tocsin.services.reload.rules_in_force import ReloadingRules

BAD_EVERY = 10
"""One change in ten is one with a mistake."""


class Still:
    """A directory that stays as it is."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def current(self) -> Directory:
        return self._directory


def rule(number: int) -> str:
    """A rule of which the job shows by which version it was made; with a mistake, a rule for nobody."""
    condition = f'ticket.priority != "p{number}" and ticket.status != "s{number}"'
    send = f'{{keyword: "[{number}]"}}'
    whom = "site.nobody" if number % BAD_EVERY == BAD_EVERY - 1 else "site.contacts"
    return f"{OWN}rules:\n  - rule: one\n    for: {whom}\n    if: {condition}\n    send: {send}\n"


def work(folder: Path, reloads: int, slip: str | None) -> dict[str, Any]:
    """Change the rules before each event, and decide it."""
    file = write_rules(folder, rule(0))
    desk = Helpdesk()
    desk.contact("ct-1", "site/S-paris")
    clock = SystemClock()
    log = SqliteLog(folder / "tocsin.db")
    reader = SqliteConsumer(folder / "tocsin.db", TICKETS, "engine", clock)
    kept: list[Any] = []
    if slip == "children":

        def never(matcher: DurableMatcher) -> None:
            kept.append(matcher)

        DurableMatcher.close = never  # type: ignore[method-assign, assignment]
    rules = ReloadingRules(file, lambda _: None, pause=lambda _: None)
    consumer = Consumer(reader, Still(desk.directory()), rules, clock)
    measures: list[dict[str, int]] = []
    for number in range(reloads):
        file.write_text(rule(number))
        # Two writes within one tick of a coarse clock would look like one.
        os.utime(file, ns=(number, 1_700_000_000_000_000_000 + number))
        log.append([NewRecord(TICKETS, b"k", json.dumps(created(number)).encode())], datetime.now(UTC))
        consumer.step(0.0)
        if slip == "memory":
            kept.append([rules.loaded, bytearray(os.urandom(1_000_000))])
        if number in (reloads // 3, reloads - 1):
            gc.collect()
            measures.append(measured())
    jobs = [json.loads(record.value or b"") for record in log.read(JOBS, limit=10 * reloads)]
    decisions = [json.loads(record.value or b"") for record in log.read(DECISIONS, limit=10 * reloads)]
    rules.close()
    return {
        "keywords": [job["form"]["subject_keyword"] for job in jobs],
        "decided": Counter(decision["event"] for decision in decisions),
        "digests": len({job["rulebook"] for job in jobs}),
        "agree": [job["rulebook"] for job in jobs] == [decision["rulebook"] for decision in decisions],
        "outcomes": {outcome.value: count for outcome, count in rules.reloads.items()},
        "measures": measures,
        "children_after": children(),
    }


def measured() -> dict[str, int]:
    """What this process holds: memory in KiB, open files, threads, and children."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "rss": int(status["VmRSS"].split()[0]),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": int(status["Threads"]) + len(threading.enumerate()),
        "children": children(),
    }


def children() -> int:
    """How many processes have this one as their parent."""
    found = 0
    for task in Path("/proc/self/task").iterdir():
        found += len((task / "children").read_text().split())
    return found


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    report = work(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
    json.dump(report, sys.stdout)
