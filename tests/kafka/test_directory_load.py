"""A load of the directory: seen whole or not at all, whatever happens to it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.protocol.producer import WriteTxnMarkersRequest

from adapters.kafka.appender import KafkaAppender
from adapters.kafka.directory_topic import DirectoryTopic
from adapters.kafka.errors import InstanceTakenError, KafkaRefusedError
from adapters.kafka.one_transaction import OneTransaction, time_for
from adapters.kafka.topic_reader import TopicReader
from adapters.kafka.topics import create_topics
from engine.directory.directory import Directory
from schemas.log import NewRecord
from schemas.topics import DECISIONS, DIRECTORY, JOBS, SUPPRESSIONS, TICKETS
from schemas.vocabulary import ObjectKind
from tests.faults.engines import engines, until
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory
from tocsin.cli.directory import TRANSACTION

pytestmark = [pytest.mark.kafka, pytest.mark.alone]

RECORDS = 200
PARTITIONS = 6
TOCSIN = [sys.executable, "-c", "from tocsin.cli import main; main()"]


def sites(name: str, count: int = RECORDS) -> list[NewRecord]:
    """Records that all say the same, so that it shows where they don't."""
    fields = [{"kind": "site", "id": f"S-{number}", "contacts": [name]} for number in range(count)]
    return [NewRecord(DIRECTORY, f"site/{one['id']}".encode(), json.dumps(one).encode()) for one in fields]


@pytest.fixture
def topics(cluster: Cluster) -> Cluster:
    cluster.create(DIRECTORY, partitions=PARTITIONS, configs={"cleanup.policy": "compact"})
    cluster.create(SUPPRESSIONS, configs={"cleanup.policy": "compact"})
    return cluster


def names(directory: Directory) -> set[str | None]:
    """Which contacts the sites have."""
    found = (directory.attached(ObjectKind.SITE, f"S-{one}") for one in range(RECORDS))
    return {None if site is None else ",".join(site.contacts) for site in found}


@contextmanager
def going_on(work: Callable[[int], None]) -> Iterator[None]:
    """Do this again and again meanwhile."""
    ended = threading.Event()

    def loop() -> None:
        turn = 0
        while not ended.is_set():
            turn += 1
            work(turn)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def seen(topics: Cluster, work: Callable[[int], None], wanted: int) -> list[set[str | None]]:
    """What a reader of the directory finds, look after look, until it has seen so many versions."""
    found: list[set[str | None]] = []
    deadline = time.monotonic() + 60
    with closing(DirectoryTopic(settings_of(topics))) as source, going_on(work):
        while len(set().union(*found)) < wanted and time.monotonic() < deadline:
            found.append(names(source.current()))
    return found


def test_no_look_at_the_directory_sees_half_of_a_load(topics: Cluster) -> None:
    topics.append(sites("0"))
    with closing(OneTransaction(settings_of(topics), "load", time_for(RECORDS))) as transaction:
        found = seen(topics, lambda turn: void(transaction.append(sites(str(turn)))), wanted=5)
    assert {len(one) for one in found} == {1}
    assert len(found) > 20, "it did not wait for the loads"


def test_without_a_transaction_halves_are_seen(topics: Cluster) -> None:
    """The control: batch after batch, as a load without a transaction comes."""
    topics.append(sites("0"))
    with (
        closing(KafkaAppender(settings_of(topics))) as appender,
        closing(DirectoryTopic(settings_of(topics))) as source,
    ):
        appender.append(sites("1")[: RECORDS // 2])
        assert names(source.current()) == {"0", "1"}


def void(_done: object) -> None:
    """Nothing of it is wanted."""


@contextmanager
def half_committed(topics: Cluster) -> Iterator[Any]:
    """A transaction on two partitions of which the first alone has the mark of its commit."""
    producer = KafkaProducer(bootstrap_servers=topics.bootstrap, transactional_id=topics.prefix + "half")
    producer.init_transactions()
    producer.begin_transaction()
    for number in (0, 1):
        producer.send(
            topics.prefix + DIRECTORY, b'{"kind":"site","id":"S-%d"}' % number, b"site/S-%d" % number, partition=number
        )
    producer.flush()
    mark = WriteTxnMarkersRequest.WritableTxnMarker
    first = mark.WritableTxnMarkerTopic(name=topics.prefix + DIRECTORY, partition_indexes=[0])
    with topics.admin() as admin:
        state = admin.describe_producers([TopicPartition(topics.prefix + DIRECTORY, 0)])
        (active,) = next(iter(state.values())).active_producers
        marker = mark(
            producer_id=active.producer_id,
            producer_epoch=active.producer_epoch,
            transaction_result=True,
            topics=[first],
            coordinator_epoch=max(0, active.coordinator_epoch),
        )
        request = WriteTxnMarkersRequest(markers=[marker])

        async def send() -> Any:
            return await admin._manager.send(request, node_id=1)

        answer = admin._manager.run(send)
        assert not [
            one for all_ in answer.markers for topic in all_.topics for one in topic.partitions if one.error_code
        ]
    try:
        yield producer
    finally:
        producer.close(timeout=5)


def test_between_two_marks_of_a_commit_nothing_of_it_is_seen(topics: Cluster) -> None:
    settings = settings_of(topics)
    with (
        closing(DirectoryTopic(settings)) as source,
        closing(TopicReader(settings, [DIRECTORY])) as plain,
    ):
        assert len(source.current()) == 0
        with half_committed(topics) as producer:
            assert [one.key for one in plain.read_to_end()] == [b"site/S-0"], "the control: half of it is there"
            since = time.monotonic()
            for _ in range(20):
                assert len(source.current()) == 0
            assert time.monotonic() - since < 5, "nobody waits for it"
            producer.commit_transaction()
            topics.read(DIRECTORY)
            assert len(source.current()) == 2


def test_a_load_that_goes_on_keeps_nobody_waiting(topics: Cluster) -> None:
    topics.append(sites("0"))
    with closing(DirectoryTopic(settings_of(topics))) as source:
        source.current()
        with topics.aborted(sites("1")):
            since = time.monotonic()
            for _ in range(10):
                assert names(source.current()) == {"0"}
            assert time.monotonic() - since < 2
            topics.append([NewRecord(SUPPRESSIONS, b"suppression/x", json.dumps(SUPPRESSED).encode())])
            assert source.current().counts()["suppression"] == 1, "the other topic goes on"


SUPPRESSED = {"kind": "suppression", "id": "x", "channel": "email", "address": "a@x.example"}


def test_of_two_loads_at_a_time_the_later_one_counts(topics: Cluster) -> None:
    settings = settings_of(topics)
    with closing(OneTransaction(settings, "load", time_for(1))) as earlier:

        def between(_stored: int) -> None:
            with closing(OneTransaction(settings, "load", time_for(1))) as later:
                later.append(sites("later"))

        with pytest.raises(InstanceTakenError, match="one run at a time"):
            earlier.append(sites("earlier"), between)
    with closing(DirectoryTopic(settings)) as source:
        assert names(source.current()) == {"later"}


def test_a_record_that_is_too_large_leaves_all_as_it_was(topics: Cluster) -> None:
    topics.append(sites("0"))
    too_large = NewRecord(DIRECTORY, b"site/S-1", b"x" * 3_000_000)
    with closing(OneTransaction(settings_of(topics), "load", time_for(1))) as load:
        with pytest.raises(KafkaRefusedError, match="TooLarge"):
            load.append([*sites("1"), too_large])
        load.append([])
    with closing(DirectoryTopic(settings_of(topics))) as source:
        assert names(source.current()) == {"0"}


def test_a_transaction_that_the_brokers_do_not_allow_is_named(topics: Cluster) -> None:
    with pytest.raises(KafkaRefusedError, match=r"transaction\.max\.timeout\.ms"):
        OneTransaction(settings_of(topics), "load", time_for(10**9) * 2)


class Loads:
    """`tocsin directory load` as a process."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
        self.folder = folder

    def command(self, name: str, *options: str) -> list[str]:
        return [*TOCSIN, "directory", "load", str(self.folder / name), *options, *self.on]

    def run(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(name, *options), capture_output=True, text=True, timeout=60, check=False)

    def write(self, name: str, count: int, says: str) -> None:
        lines = [json.dumps({"kind": "site", "id": f"S-{one}", "contacts": [says]}) for one in range(count)]
        (self.folder / name).mkdir()
        (self.folder / name / "sites.jsonl").write_text("\n".join(lines) + "\n")


def ended_while_it_writes(topics: Cluster, command: list[str], by: signal.Signals) -> int:
    """Start a load, and end it by this signal once something of it is in the topic. Returns its exit code."""
    before = sum(topics.ends(DIRECTORY).values())
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    until(lambda: sum(topics.ends(DIRECTORY).values()) > before or process.poll() is not None, 60)
    process.send_signal(by)
    return process.wait(60)


def test_a_load_that_is_killed_changes_nothing_and_the_next_one_works_at_once(topics: Cluster, tmp_path: Path) -> None:
    loads = Loads(topics, tmp_path)
    topics.append(sites("0"))
    loads.write("many", 20_000, "1")
    loads.write("few", RECORDS, "2")
    with closing(DirectoryTopic(settings_of(topics))) as source:
        for _ in range(4):
            assert ended_while_it_writes(topics, loads.command("many"), signal.SIGKILL) == -signal.SIGKILL
            assert names(source.current()) == {"0"}
        since = time.monotonic()
        done = loads.run("few")
        assert (done.returncode, done.stderr) == (0, "")
        assert time.monotonic() - since < 15
        topics.read(DIRECTORY)
        assert names(source.current()) == {"2"}
        assert len(source.current()) == RECORDS


def test_sigterm_leaves_nothing_open(topics: Cluster, tmp_path: Path) -> None:
    loads = Loads(topics, tmp_path)
    loads.write("many", 50_000, "1")
    assert ended_while_it_writes(topics, loads.command("many"), signal.SIGTERM) == 130
    with topics.admin() as admin:
        found = admin.describe_transactions([topics.prefix + TRANSACTION])
    assert "Ongoing" not in str(found)


@pytest.mark.parametrize("people", [1, 1_000_000])
def test_a_missing_topic_is_named_within_five_seconds(cluster: Cluster, tmp_path: Path, people: int) -> None:
    """However long it takes to read the files."""
    loads = Loads(cluster, tmp_path)
    loads.write("some", people, "0")
    since = time.monotonic()
    done = loads.run("some")
    assert (done.returncode, done.stderr.count("tocsin topics create")) == (3, 1), done.stderr
    assert time.monotonic() - since < 5


def test_an_engine_never_decides_by_half_of_a_load(cluster: Cluster, tmp_path: Path) -> None:
    """Two directories in turn, of which each reaches another person, and halves of which would reach nobody."""
    create_topics(settings_of(cluster), 4, replication=1)
    loads = Loads(cluster, tmp_path)
    for name in ("a", "b"):
        desk = Helpdesk()
        desk.contact(f"ct-{name}", "contract/C-7")
        write_directory(tmp_path / name, desk)
    assert loads.run("a").returncode == 0
    with engines(cluster, tmp_path, "one") as (engine,):
        engine.start()
        until(engine.is_up)
        sent = 0
        for turn in range(6):
            load = subprocess.Popen(
                loads.command("ab"[(turn + 1) % 2], "--remove-others", "--remove-many"), stdout=subprocess.DEVNULL
            )
            while load.poll() is None:
                event = created(sent)
                cluster.append([NewRecord(TICKETS, event["data"]["ticket"]["id"].encode(), json.dumps(event).encode())])
                sent += 1
            assert load.returncode == 0
        until(lambda: len(cluster.read(DECISIONS)) == sent)
    jobs = [json.loads(one.value or b"") for one in cluster.read(JOBS)]
    assert len(jobs) == sent
    assert {job["person"]["id"] for job in jobs} == {"ct-a", "ct-b"}
