"""The sender on Kafka: from a job there to a message, by the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from adapters.kafka.topics import create_topics
from adapters.mailbox.mailbox import HOST
from adapters.postgres.ledger import PostgresLedger
from adapters.sqlite.ledger import SqliteLedger
from schemas.log import NewRecord
from schemas.outcome import Outcome
from schemas.topics import DEAD_LETTERS, JOBS, OUTCOMES
from sender.states import State
from tests.faults.engines import directory_record, until
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk, event_of
from tests.support.helpdesk.files import created
from tests.support.mail.mailbox_thread import mailbox_in

pytestmark = [pytest.mark.kafka, pytest.mark.alone]


def desk() -> Helpdesk:
    """One contact."""
    made = Helpdesk()
    made.contact("ct-1", "contract/C-7")
    return made


def jobs(numbers: range) -> list[NewRecord]:
    """Jobs of as many new tickets, as the engine writes them."""
    made = [desk().decide(event, now=event.time).jobs[0] for event in (event_of(created(number)) for number in numbers)]
    assert len({job.id for job in made}) == len(made)
    return [NewRecord(JOBS, job.ticket.encode(), msgspec.json.encode(job)) for job in made]


class Sender:
    """`tocsin sender` as a process of its own."""

    def __init__(self, cluster: Cluster, folder: Path, port: int, *more: str) -> None:
        folder.mkdir(exist_ok=True)
        self.data = folder / "data"
        self._log = folder / "log"
        relay = ["--smtp", f"{HOST}:{port}", "--tls", "none", "--from", "Support <support@desk.example>"]
        on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--data", str(self.data)]
        self._command = [
            sys.executable,
            "-c",
            "from tocsin.cli import main; main()",
            "sender",
            "--storm-limit=0",
            *on,
            *relay,
            *more,
        ]

    @contextmanager
    def running(self, end: signal.Signals) -> Iterator[None]:
        """Let it run, and end it so."""
        with self._log.open("ab") as log, subprocess.Popen(self._command, stderr=log) as process:
            try:
                yield
                process.send_signal(end)
                assert process.wait(30) == (0 if end is signal.SIGTERM else -end)
            finally:
                process.kill()

    def counts(self) -> dict[State, int]:
        ledger = SqliteLedger(self.data / "tocsin.db")
        try:
            return {state: count for state, count in ledger.counts().items() if count}
        finally:
            ledger.close()

    def said(self) -> str:
        return self._log.read_text()


def test_jobs_become_messages_once_and_a_kill_loses_none(cluster: Cluster, tmp_path: Path) -> None:
    create_topics(settings_of(cluster), partitions=1, replication=1)
    cluster.append(directory_record(record) for record in desk().records.values())
    mails = tmp_path / "mail"
    with mailbox_in(mails) as port:
        sender = Sender(cluster, tmp_path, port)
        for kill in range(3):
            batch = jobs(range(kill * 100, kill * 100 + 100))
            # Redelivered jobs, and what is none, change nothing.
            cluster.append([*batch, batch[0], NewRecord(JOBS, b"k", b"no job")])
            with sender.running(signal.SIGKILL):
                until(lambda wanted=kill * 100 + 10: len(list(mails.glob("*.eml"))) > wanted, 60)  # type: ignore[misc]
        with sender.running(signal.SIGTERM):
            until(lambda: cluster.committed("tocsin-sender", JOBS) == {0: 306}, 60)
            until(lambda: sum(sender.counts().get(state, 0) for state in (State.DELIVERED, State.UNKNOWN)) == 300, 60)
    outcomes = [msgspec.json.decode(one.value or b"", type=Outcome) for one in cluster.read(OUTCOMES)]
    counts = sender.counts()
    ends = {one.job: one.state for one in sorted(outcomes, key=lambda one: one.sequence)}
    assert Counter(ends.values()) == {state.value: count for state, count in counts.items()}
    assert counts[State.DELIVERED] + counts.get(State.UNKNOWN, 0) == 300
    arrived = Counter(file.name.split("-", 1)[0] for file in mails.glob("*.eml"))
    assert counts[State.DELIVERED] <= len(arrived) <= 300
    assert [letter.value for letter in cluster.read(DEAD_LETTERS)] == [b"no job"] * 3
    assert "acme.example" not in sender.said(), "an address stands in the log"


@pytest.mark.postgres
def test_two_senders_share_one_ledger_and_one_that_is_killed_is_stood_in_for(
    cluster: Cluster, postgres_url: str, tmp_path: Path
) -> None:
    create_topics(settings_of(cluster), partitions=2, replication=1)
    cluster.append(directory_record(record) for record in desk().records.values())
    mails = tmp_path / "mail"
    with mailbox_in(mails) as port, closing(PostgresLedger(postgres_url)) as ledger:
        one, other = (
            Sender(cluster, tmp_path / name, port, "--ledger", postgres_url, "--instance", name) for name in ("a", "b")
        )
        cluster.append(jobs(range(300)))
        with other.running(signal.SIGTERM):
            with one.running(signal.SIGKILL):
                until(lambda: len(list(mails.glob("*.eml"))) > 50, 60)
            until(lambda: sum(cluster.committed("tocsin-sender", JOBS).values()) == 300, 60)
            until(lambda: ledger.counts()[State.QUEUED] == 0, 60)
        counts = {state: count for state, count in ledger.counts().items() if count}
    outcomes = [msgspec.json.decode(record.value or b"", type=Outcome) for record in cluster.read(OUTCOMES)]
    delivered = {one.job for one in outcomes if one.state == State.DELIVERED.value}
    assert sum(counts.values()) == 300
    assert counts.keys() <= {State.DELIVERED, State.SENDING, State.UNKNOWN}
    assert len(delivered) == counts[State.DELIVERED]
    # What was under way at the kill is another sender's only when its lease has ended.
    assert counts[State.DELIVERED] <= len(list(mails.glob("*.eml"))) <= 300
