"""`kill -9` of the embedded service at random moments: nothing is lost, and no job is doubled."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from email import policy
from email.parser import BytesParser
from pathlib import Path

import msgspec
import pytest

from adapters.mailbox.mailbox import HOST
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ledger import SqliteLedger
from schemas.job import JOB_DECODER
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS
from sender.delivery.loop import DeliverySettings
from sender.states import State
from tests.faults.engines import until
from tests.faults.killing import Running, started
from tests.faults.stoppable import PATIENCE, at_work
from tests.faults.test_stopping_sender import Up
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory, write_events
from tests.support.mail.mailbox_thread import mailbox_in
from tests.support.mail.smtp_peers import HANG, At, Fault, FaultyPeer

EVENTS_EACH = 40
PEOPLE = 3
CONCURRENCY = DeliverySettings().concurrency


class Service:
    """`tocsin up` as a process of its own, on one data folder and one relay."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data = folder / "data"
        self._directory = folder / "directory"
        self._port = port

    def command(self, *more: str) -> list[str]:
        relay = ["--smtp", f"{HOST}:{self._port}", "--tls", "none", "--from", "Support <support@desk.example>"]
        around = ["--data", str(self.data), "--directory", str(self._directory)]
        return [
            sys.executable,
            "-c",
            "from tocsin.cli import main; main()",
            "up",
            "--storm-limit=0",
            *around,
            *relay,
            *more,
        ]

    def start(self) -> Running:
        """Start it, and wait until it works."""
        return started(self.command())

    def drain(self) -> None:
        subprocess.run(self.command("--drain"), check=True, capture_output=True, timeout=100)

    def emit(self, events: Path) -> None:
        command = [
            sys.executable,
            "-c",
            "from tocsin.cli import main; main()",
            "emit",
            str(events),
            "--data",
            str(self.data),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_lose_nothing_and_double_no_job(tmp_path: Path, kills: int) -> None:
    desk = Helpdesk()
    for number in range(PEOPLE):
        desk.contact(f"ct-{number}", "contract/C-7")
    write_directory(tmp_path / "directory", desk)
    chance = random.Random(7)
    with mailbox_in(tmp_path / "mail") as port:
        service = Service(tmp_path, port)
        for kill in range(kills):
            numbers = range(kill * EVENTS_EACH, (kill + 1) * EVENTS_EACH)
            service.emit(write_events(tmp_path / "events.jsonl", [created(number) for number in numbers]))
            service.start().kill_after(chance.uniform(0.0, 0.5))
        service.drain()
    _check(service.data, tmp_path / "mail", kills * EVENTS_EACH, kills)


@pytest.mark.timeout(120)
def test_only_what_the_relay_may_have_waits_after_a_kill(tmp_path: Path) -> None:
    hangs = Fault(At.DOT, HANG, times=1)
    peer = FaultyPeer([hangs])
    with at_work(peer):
        up = Up(tmp_path, peer)
        up.emit()
        with up.service.running("--connections=1"):
            # Handed over is written down before the peer has the dot; killed in between, the peer would hang later.
            until(lambda: (up.counts(), up.handed_over(), hangs.times) == ({State.SENDING: 2}, 1, 0), PATIENCE)
        # It was killed at the end of the block. One message is at the relay, the other one waited for its connection.
        with up.service.running():
            # At once, and not after the half hour for which a message that may have arrived is left alone.
            until(lambda: up.counts() == {State.DELIVERED: 1, State.UNKNOWN: 1}, PATIENCE)
    assert sorted(up.arrived(peer).values()) == [1]


def _check(data: Path, mails: Path, events: int, kills: int = 1) -> None:
    log, ledger = SqliteLog(data / "tocsin.db"), SqliteLedger(data / "tocsin.db")
    jobs = [JOB_DECODER.decode(record.value or b"") for record in log.read(JOBS, limit=100_000)]
    decided = [msgspec.json.decode(record.value or b"")["event"] for record in log.read(DECISIONS, limit=100_000)]
    letters = log.read(DEAD_LETTERS)
    counts = ledger.counts()
    log.close()
    ledger.close()
    wanted = {f"E-{number}" for number in range(events)}
    assert Counter(decided) == Counter(wanted)
    assert Counter(job.event for job in jobs) == Counter(dict.fromkeys(wanted, PEOPLE))
    assert len({job.id for job in jobs}) == len(jobs)
    assert letters == []
    # What was on its way at a kill is unknown, and waits for another try with the same Message-ID.
    assert counts[State.DELIVERED] + counts[State.UNKNOWN] == len(jobs)
    assert counts[State.UNKNOWN] <= kills * CONCURRENCY
    _check_mails(mails, len(jobs), counts[State.UNKNOWN])


def _check_mails(mails: Path, jobs: int, unknown: int) -> None:
    arrived = Counter(_message_id(file) for file in mails.glob("*.eml"))
    assert set(arrived.values()) == {1}
    assert jobs - unknown <= len(arrived) <= jobs


def _message_id(file: Path) -> str:
    return str(BytesParser(policy=policy.default).parsebytes(file.read_bytes(), headersonly=True)["Message-ID"])


def test_the_check_notices_a_job_that_was_doubled(tmp_path: Path) -> None:
    desk = Helpdesk()
    for number in range(PEOPLE):
        desk.contact(f"ct-{number}", "contract/C-7")
    write_directory(tmp_path / "directory", desk)
    with mailbox_in(tmp_path / "mail") as port:
        service = Service(tmp_path, port)
        events = write_events(tmp_path / "events.jsonl", [created(number) for number in range(3)])
        service.emit(events)
        service.drain()
        _check(service.data, tmp_path / "mail", 3)
        # The platform sends one event again: the engine decides it twice, which a kill must never bring about.
        service.emit(write_events(events, [created(1)]))
        service.drain()
    with pytest.raises(AssertionError):
        _check(service.data, tmp_path / "mail", 3)
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 3 * PEOPLE
