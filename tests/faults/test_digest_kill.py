"""`kill -9` of senders while digests are collected, come due and go out: each part comes once, to its own reader."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import msgspec
import pytest
from msgspec.structs import replace

from adapters.kafka.topics import create_topics
from adapters.mailbox.mailbox import HOST
from adapters.postgres.ledger import PostgresLedger
from adapters.rule_files.load import load_rulebook
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ledger import SqliteLedger
from engine.decide import decide
from schemas.event import read_event
from schemas.job import JOB_DECODER, Job
from schemas.log import NewRecord
from schemas.topics import JOBS, TICKETS
from sender.ledger.port import Ledger
from sender.states import FINISHED, State
from tests.faults.clock_child import MovedClock
from tests.faults.digest_runs import (
    HOUR,
    RULES,
    TEMPLATE,
    Arrival,
    arrivals,
    digests,
    helpdesk,
    judge,
    judge_ledger,
    saves,
)
from tests.faults.engines import directory_record, until
from tests.faults.killing import Running, started
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.files import write_directory
from tests.support.mail.mailbox_thread import mailbox_in

EACH: Final = 24
"""Saves between two kills, and the jobs of these."""
JOBS_EACH: Final = EACH * 7 // 2


class Services:
    """Senders on one relay, by one clock. What they do between two kills is measured by what others see of it."""

    def __init__(self, folder: Path, port: int, *command: str) -> None:
        self.mails = folder / "mail"
        self.clock = MovedClock(folder / "clock")
        self.clock.move_to(datetime.now(UTC).replace(minute=20, second=0))
        self.rules = folder / "rules.yaml"
        self.rules.write_text(RULES)
        for language in ("en", "fr"):
            template = folder / "templates" / "digest" / f"parts.{language}.txt.j2"
            template.parent.mkdir(parents=True, exist_ok=True)
            template.write_text(TEMPLATE)
        relay = ["--smtp", f"{HOST}:{port}", "--tls", "none", "--from", "Support <support@desk.example>"]
        child = [sys.executable, "-m", "tests.faults.clock_child", str(folder / "clock")]
        self._command = [*child, *command, *relay, "--rules", str(self.rules), "--storm-limit=0"]

    def start(self, *more: str) -> Running:
        return started([*self._command, *more])

    def events(self, number: int) -> list[bytes]:
        """Those before the kill of this number."""
        numbers = range(number * EACH, (number + 1) * EACH)
        return [msgspec.json.encode(one) for one in saves(numbers, self.clock.now())]

    def an_hour_passes(self) -> None:
        self.clock.move_to(self.clock.now() + HOUR)

    def work_until_a_kill(self, ledger: Ledger, chance: random.Random, jobs: int) -> None:
        """Some of so many jobs are taken in, an hour passes, and some messages go out, or none."""
        # Senders that are at work may have taken in some already.
        taken_in = min(total(ledger) + chance.randint(1, JOBS_EACH), jobs)
        came = self.came() + chance.randint(0, 8)
        until(lambda: looked_at(total(ledger) >= taken_in))
        self.an_hour_passes()
        until(lambda: looked_at(self.came() >= came))

    def come_to_an_end(self, ledger: Ledger, jobs: int) -> None:
        """What came late for its digest comes due, and what may have arrived is tried again."""
        until(lambda: looked_at(total(ledger) == jobs))
        until(lambda: looked_at(is_finished(ledger)), meanwhile=lambda: self._go_on_to_what_is_due(ledger))

    def _go_on_to_what_is_due(self, ledger: Ledger) -> None:
        due = ledger.next_due()
        is_at_rest = not ledger.counts()[State.SENDING]
        # It is asked in parts, between which a job may have come to rest: then only its expiry was seen.
        if due is not None and due > self.clock.now() and is_at_rest and due == ledger.next_due():
            self.clock.move_to(due)

    def came(self) -> int:
        return len(list(self.mails.glob("*.eml")))


def total(ledger: Ledger) -> int:
    return sum(ledger.counts().values())


def is_finished(ledger: Ledger) -> bool:
    counts = ledger.counts()
    return not sum(counts[state] for state in State if state not in FINISHED)


def looked_at(what: bool) -> bool:
    """What somebody sees who looks some times a second."""
    return what or threading.Event().wait(0.05)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_of_the_embedded_service(tmp_path: Path, kills: int) -> None:
    directory = write_directory(tmp_path / "directory", helpdesk())
    chance, database = random.Random(11), tmp_path / "data" / "tocsin.db"
    database.parent.mkdir()
    with mailbox_in(tmp_path / "mail") as port, closing(SqliteLog(database)) as log, ExitStack() as stack:
        services = Services(tmp_path, port, "up", "--data", str(database.parent), "--directory", str(directory))
        ledger = stack.enter_context(closing(SqliteLedger(database)))
        for kill in range(kills):
            log.append([NewRecord(TICKETS, None, event) for event in services.events(kill)], services.clock.now())
            running = services.start()
            services.work_until_a_kill(ledger, chance, (kill + 1) * JOBS_EACH)
            running.kill()
        running = services.start()
        services.come_to_an_end(ledger, kills * JOBS_EACH)
        running.kill()
        jobs = [JOB_DECODER.decode(record.value or b"") for record in log.read(JOBS, limit=100_000)]
        check(ledger, jobs, arrivals(tmp_path / "mail"), kills)


def check(ledger: Ledger, jobs: Sequence[Job], arrived: Sequence[Arrival], kills: int) -> None:
    """Judge the run, and the judge."""
    assert len(jobs) == kills * JOBS_EACH
    judge_ledger(ledger, jobs)
    copies, collected = judge(jobs, arrived), digests(arrived)
    print(f"{len(jobs)} parts, {len(arrived) - copies} messages, {copies} copies")  # noqa: T201 - for the reader of a long run
    assert set(collected) == {"shared@agency.example", "team@desk.example", "ct-3@acme.example"}
    for spoilt in spoilt_runs(arrived):
        with pytest.raises(AssertionError):
            judge(jobs, spoilt)


def spoilt_runs(arrived: Sequence[Arrival]) -> list[list[Arrival]]:
    """The same run with a message lost, a part lost, a part doubled, a copy that differs, and two readers mixed."""
    digest = next(one for one in arrived if len(one.parts) > 1 and one.address == "shared@agency.example")
    others = [one for one in arrived if one.message != digest.message]
    part = frozenset([max(digest.parts)])
    another = next(one for one in others if one.address == digest.address and reader(one) != reader(digest))
    return [
        others,
        [*others, replace(digest, parts=digest.parts - part)],
        [*arrived, Arrival("<another>", digest.address, part)],
        [*arrived, replace(digest, parts=part)],
        [
            *(one for one in others if one.message != another.message),
            replace(digest, parts=digest.parts | another.parts),
        ],
    ]


def reader(one: Arrival) -> int:
    """Whose it is of the two who share a mailbox: saves are of their customers in turn."""
    return int(min(one.parts).removeprefix("part-")) % 2


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_of_one_of_two_senders(cluster: Cluster, postgres_url: str, tmp_path: Path, kills: int) -> None:
    create_topics(settings_of(cluster), partitions=2, replication=1)
    desk = helpdesk()
    cluster.append(directory_record(record) for record in desk.records.values())
    chance, jobs = random.Random(13), list[Job]()
    with mailbox_in(tmp_path / "mail") as port, closing(PostgresLedger(postgres_url)) as ledger:
        on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--ledger", postgres_url]
        services = Services(tmp_path, port, "sender", *on)
        rulebook, directory = load_rulebook(services.rules), desk.directory()
        with Pair(services, tmp_path) as pair:
            for kill in range(kills):
                now = services.clock.now()
                decisions = [decide(read_event(one, now), directory, rulebook, now) for one in services.events(kill)]
                new = [job for decision in decisions for job in decision.jobs]
                cluster.append(NewRecord(JOBS, one.ticket.encode(), msgspec.json.encode(one)) for one in new)
                jobs += new
                services.work_until_a_kill(ledger, chance, len(jobs))
                pair.kill_and_start_anew(chance.choice(Pair.NAMES))
            services.come_to_an_end(ledger, len(jobs))
        check(ledger, jobs, arrivals(tmp_path / "mail"), kills)


class Pair:
    """Two senders, each with a name and a folder of its own, which are killed in the end."""

    NAMES: Final = ("one", "two")

    def __init__(self, services: Services, folder: Path) -> None:
        self._services = services
        self._folder = folder
        self._running: dict[str, Running] = {}

    def __enter__(self) -> Self:
        for name in self.NAMES:
            self._start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._running.values():
            one.kill()

    def kill_and_start_anew(self, name: str) -> None:
        self._running.pop(name).kill()
        self._start(name)

    def _start(self, name: str) -> None:
        self._running[name] = self._services.start("--instance", name, "--data", str(self._folder / name))
