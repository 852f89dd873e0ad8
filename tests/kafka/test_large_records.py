"""Records that are larger than a dead letter may be: the engine tells of them by place and digest, and goes on."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from adapters.kafka.topics import Level, check_topics
from schemas.dead_letter import KEPT_BYTES, WHOLE_BYTES
from schemas.log import NewRecord, Record
from schemas.topics import DEAD_LETTERS, DECISIONS, TICKETS
from tests.faults.engines import Desk, until
from tests.faults.stoppable import PATIENCE, TOCSIN, Stoppable
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.files import created

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

ALLOWED = 11_534_336
"""What somebody may let a topic take (11 MiB), beyond what Tocsin asks for."""
KEY = b"T-1042"


def event(size: int) -> bytes:
    """A well-formed event of so many bytes."""
    short = len(json.dumps(created(1, external_description="")))
    return json.dumps(created(1, external_description="x" * (size - short))).encode()


def rubbish(size: int) -> bytes:
    """Bytes that mean nothing."""
    return random.Random(size).randbytes(size)


LARGE = [event(7_800_000), event(10_000_000), rubbish(7_800_000), rubbish(10_000_000)]
KEPT_WHOLE = rubbish(3_000_000)


def append_large(cluster: Cluster, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=cluster.bootstrap, max_request_size=ALLOWED)
    sent = [producer.send(cluster.prefix + TICKETS, value, KEY, partition=0) for value in values]
    for one in sent:
        one.get(PATIENCE)
    producer.close()


def tocsin(cluster: Cluster, *command: str) -> subprocess.CompletedProcess[str]:
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
    return subprocess.run([*TOCSIN, *command, *on], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def engine(cluster: Cluster, tmp_path: Path) -> Iterator[Stoppable]:
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--instance=one", "--stop-within=10"]
    engine = Stoppable(tmp_path / "engine.log", "engine", *on)
    with engine.running():
        yield engine


@pytest.fixture
def desk(cluster: Cluster) -> Desk:
    """Everything lies in one partition, in order: what is large, something that is kept whole, and a good event."""
    cluster.create(TICKETS, configs={"max.message.bytes": str(ALLOWED)})
    desk = Desk(cluster)
    append_large(cluster, [*LARGE, KEPT_WHOLE])
    cluster.append([NewRecord(TICKETS, KEY, json.dumps(created(2)).encode())], 0)
    return desk


def headers_of(letter: Record) -> dict[str, Any]:
    return {name.removeprefix("dead_letter."): text.decode() for name, text in letter.headers}


def test_what_is_too_large_is_told_by_place_and_digest_and_the_next_event_is_decided(
    desk: Desk, engine: Stoppable
) -> None:
    until(lambda: bool(desk.cluster.read(DECISIONS)), PATIENCE)
    assert engine.stop(within=10.0) == 0, engine.said()
    [decision] = desk.cluster.read(DECISIONS)
    assert json.loads(decision.value or b"")["event"] == "E-2"
    letters = sorted(desk.cluster.read(DEAD_LETTERS), key=lambda one: int(headers_of(one)["offset"]))
    assert len(letters) == len(LARGE) + 1
    for offset, (letter, whole) in enumerate(zip(letters, LARGE, strict=False)):
        told = headers_of(letter)
        assert (told["topic"], told["partition"], told["offset"]) == (TICKETS, "0", str(offset))
        assert (told["code"], told["cut"], told["bytes"]) == ("too_large", "1", str(len(whole)))
        assert told["sha256"] == hashlib.sha256(whole).hexdigest()
        assert (letter.key, letter.value) == (KEY, whole[:KEPT_BYTES])
    # The control: what a dead letter has room for is all there.
    assert (letters[-1].value, headers_of(letters[-1]).get("cut")) == (KEPT_WHOLE, None)
    check_commands(desk.cluster, letters)


def check_commands(cluster: Cluster, letters: list[Record]) -> None:
    """What people do with such letters: they see them, learn where the whole lies, and can't send a part again."""
    cut, whole = letters[1], letters[-1]
    listed = tocsin(cluster, "dlq", "list")
    assert (listed.returncode, len(listed.stdout.splitlines())) == (0, len(letters))
    assert max(map(len, listed.stdout.splitlines())) < 1_000
    shown = tocsin(cluster, "dlq", "show", place(cut))
    assert f"the first {KEPT_BYTES} of 10000000 bytes are here" in shown.stdout
    assert headers_of(cut)["sha256"] in shown.stdout
    refused = tocsin(cluster, "dlq", "redrive", place(cut))
    assert refused.returncode == 1
    assert f"the whole lies in {TICKETS} 0:1" in refused.stderr
    ends = cluster.ends(TICKETS)
    assert tocsin(cluster, "dlq", "redrive", place(whole)).returncode == 0
    assert sum(cluster.ends(TICKETS).values()) == sum(ends.values()) + 1


def place(letter: Record) -> str:
    return f"{letter.partition}:{letter.offset}"


def test_that_records_may_be_too_large_is_noted(cluster: Cluster) -> None:
    cluster.create(TICKETS, configs={"max.message.bytes": str(ALLOWED), "message.timestamp.type": "LogAppendTime"})
    noted = [one for one in check_topics(settings_of(cluster)) if "kept whole" in one.problem]
    [note] = noted
    assert note.level is Level.NOTE
    assert f"max.message.bytes is {ALLOWED}" in note.problem
    assert str(WHOLE_BYTES) in note.problem
