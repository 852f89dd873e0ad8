"""Records that can't be read, on the real broker: the others are told at once, and those who were missed after mending.

By the commands that the runbook names; the engine is killed in between, so that what it knew is read anew.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.mailbox.mailbox import HOST
from adapters.sqlite.ledger import SqliteLedger
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DECISIONS, DIRECTORY, JOBS
from sender.states import State
from tests.acceptance.test_kafka_commands import run
from tests.faults.engines import directory_record, until
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory, write_events
from tests.support.mail.mailbox_thread import mailbox_in

pytestmark = pytest.mark.kafka

MET: dict[str, dict[str, Any]] = {
    "contact/ct-1": {"alerts": 7},
    "collaborator/co-1": {"modes": {}},
    "product/P-erp": {"contacts": "ct-2"},
    "site/S-paris": {"collaborators": [["co-3"]]},
    "service/V-1": {"contacts": 5},
    "customer/lab": {"alerts": []},
    "contract/C-7": {"products": "P-erp"},
}
"""Each record, and what makes it unreadable."""


def desk() -> Helpdesk:
    """Somebody behind each kind of record, and one of the contract whom none of them but the contract's keeps back."""
    made = Helpdesk()
    made.put({"kind": "contract", "id": "C-7", "beneficiaries": ["lab"]})
    made.put({**made.records["customer", "acme"], "id": "lab"})
    made.contact("ct-1", "contract/C-7")
    made.collaborator("co-1", "contract/C-7")
    made.contact("ct-2", "product/P-erp")
    made.collaborator("co-3", "site/S-paris")
    made.contact("ct-4", "service/V-1")
    made.contact("ct-5", "contract/C-7", customer="lab", acts_for=["acme"])
    made.collaborator("co-9", "contract/C-7")
    return made


def missed(record: str, everybody: set[str]) -> set[str]:
    """Whom an unreadable record keeps back."""
    alone = {"contact/ct-1": "ct-1", "collaborator/co-1": "co-1", "product/P-erp": "ct-2"}
    alone |= {"site/S-paris": "co-3", "service/V-1": "ct-4", "customer/lab": "ct-5"}
    return everybody if record == "contract/C-7" else {alone[record]}


@contextmanager
def engine(on: list[str], log: Path, end: signal.Signals) -> Iterator[None]:
    """An engine of its own, that ends so."""
    command = [sys.executable, "-c", "from tocsin.cli import main; main()", "engine", "--instance", "one", *on]
    with log.open("ab") as file, subprocess.Popen(command, stderr=file) as process:
        try:
            yield
            process.send_signal(end)
            process.wait(30)
        finally:
            process.kill()


def garbled(made: Helpdesk, record: str) -> NewRecord:
    kind, _, record_id = record.partition("/")
    return directory_record({**made.records[kind, record_id], **MET[record]})


def people_of(cluster: Cluster) -> Counter[str]:
    return Counter(msgspec.json.decode(one.value or b"")["person"]["id"] for one in cluster.read(JOBS))


@pytest.mark.parametrize("record", [*MET][:1] + [pytest.param(one, marks=pytest.mark.slow) for one in [*MET][1:]])
def test_whom_a_record_keeps_back_is_told_after_mending_and_nobody_twice(
    cluster: Cluster, tmp_path: Path, record: str
) -> None:
    made = desk()
    everybody = {one for kind, one in made.records if kind in ("contact", "collaborator")}
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
    run("topics", "create", "--partitions", 1, "--replication", 1, *on)
    run("directory", "load", write_directory(tmp_path / "directory", made), *on)
    assert "0 records can't be read" in run("directory", "check", *on).output
    cluster.append([garbled(made, record)])
    assert record in run("directory", "check", *on, expect=1).output
    run("emit", write_events(tmp_path / "events.jsonl", [created(1)]), *on)
    mails, log = tmp_path / "mail", tmp_path / "log"
    told = everybody - missed(record, everybody)
    with mailbox_in(mails) as port, sender(cluster, tmp_path, port):
        with engine(on, log, signal.SIGKILL):
            until(lambda: len(cluster.read(DECISIONS)) == 1, 60)
        assert set(people_of(cluster)) == told
        assert letters(on) == [f"unreadable_record: can't be read in the directory: {record}"]
        until(lambda: len(list(mails.glob("*.eml"))) == len(told), 60)
        # Sent again too early: one new dead letter, and nobody is told twice.
        assert "1 records sent again" in run("dlq", "redrive", "--code", "unreadable_record", *on).output
        with engine(on, log, signal.SIGKILL):
            until(lambda: len(cluster.read(DECISIONS)) == 2, 60)
        assert len(letters(on)) == 2
        run("directory", "load", tmp_path / "directory", *on)
        run("directory", "check", *on)
        assert "1 records sent again" in run("dlq", "redrive", "--code", "unreadable_record", *on).output
        with engine(on, log, signal.SIGTERM):
            until(lambda: len(cluster.read(DECISIONS)) == 3, 60)
        until(lambda: cluster.committed("tocsin-sender", JOBS).get(0, 0) > cluster.read(JOBS)[-1].offset, 60)
        until(lambda: len(list(mails.glob("*.eml"))) >= len(everybody), 60)
    assert set(people_of(cluster)) == everybody
    assert len(list(mails.glob("*.eml"))) == len(everybody)
    assert len(cluster.read(DEAD_LETTERS)) == 2
    assert cluster.read(DIRECTORY)
    ledger = SqliteLedger(tmp_path / "data" / "tocsin.db")
    try:
        assert {state: count for state, count in ledger.counts().items() if count} == {State.DELIVERED: len(everybody)}
    finally:
        ledger.close()


def letters(on: list[str]) -> list[str]:
    """The fault of each dead letter, up to what is to be done."""
    lines = run("dlq", "list", "--code", "unreadable_record", *on).output.splitlines()
    found = [line.partition("unreadable_record:") for line in lines]
    return [f"{code}{text}".partition(";")[0] for _, code, text in found if code]


@contextmanager
def sender(cluster: Cluster, folder: Path, port: int) -> Iterator[None]:
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--data", str(folder / "data")]
    relay = ["--smtp", f"{HOST}:{port}", "--tls", "none", "--from", "Support <support@desk.example>"]
    command = [sys.executable, "-c", "from tocsin.cli import main; main()", "sender", "--storm-limit=0", *on, *relay]
    with (folder / "sender.log").open("ab") as file, subprocess.Popen(command, stderr=file) as process:
        try:
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
