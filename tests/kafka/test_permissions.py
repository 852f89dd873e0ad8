"""The rights that the page about Kafka names are enough, and none of them is one too many."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)
from msgspec import Struct
from structlog.testing import capture_logs

from adapters.kafka.appender import KafkaAppender
from adapters.kafka.decision_archive import KafkaDecisionArchive
from adapters.kafka.directory_topic import DirectoryFeed, DirectoryTopic
from adapters.kafka.errors import KafkaRefusedError
from adapters.kafka.event_sink import KafkaEventSink
from adapters.kafka.held_records import held_records
from adapters.kafka.history_source import KafkaHistorySource
from adapters.kafka.job_log import KafkaJobLog
from adapters.kafka.lag_reader import LagReader
from adapters.kafka.one_transaction import OneTransaction, time_for
from adapters.kafka.settings import KafkaSettings, Login, Mechanism, Membership
from adapters.kafka.topic_reader import TopicReader
from adapters.kafka.topics import create_topics, refuse_missing
from history.filler import Filler
from history.ports import HistoryUnavailableError
from intake.ports import LogUnavailableError
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DIRECTORY, JOBS, OUTCOMES, SUPPRESSIONS, TICKETS
from sender.privacy.people_index import PeopleIndex
from tests.faults.engines import directory_record
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import HOST, NativeBroker, free_ports, why_not
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created
from tests.support.history.in_memory_history import InMemoryHistory
from tocsin.cli.directory import TRANSACTION
from tocsin.clock import SystemClock
from tocsin.config.groups import ENGINE_GROUP, SENDER_GROUP
from tocsin.operations.history.filling import fill
from tocsin.services.engine import Leaving, engine_service
from tocsin.services.intake.contracts import FollowedContracts

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

PAGE: Final = (Path(__file__).parents[2] / "docs" / "kafka.md").read_text()
ROW = re.compile(
    r"^\| `(?P<who>\w+)` \| (?P<kind>[a-z ]+) (?P<names>`.*`)(?P<from> on)? \| `(?P<what>\w+)` \|", re.MULTILINE
)
KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "transactional id": ResourceType.TRANSACTIONAL_ID}
GUARDED = """
listeners=PLAINTEXT://{{host}}:{{port}},CONTROLLER://{{host}}:{{controller}},KNOWN://{{host}}:{known}
advertised.listeners=PLAINTEXT://{{host}}:{{port}},KNOWN://{{host}}:{known}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,KNOWN:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.known.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
PASSWORD = "pw"


class Right(Struct, frozen=True):
    """One thing that somebody may do."""

    who: str
    kind: str
    name: str
    is_prefix: bool
    operation: str

    def told(self, prefix: str, make: Callable[..., Any] = ACL) -> Any:
        """The same as an authorizer is told of it."""
        pattern = ACLResourcePatternType.PREFIXED if self.is_prefix else ACLResourcePatternType.LITERAL
        resource = ResourcePattern(KINDS[self.kind], prefix + self.name, pattern)
        operation = ACLOperation[self.operation.upper()]
        return make(f"User:{self.who}", "*", operation, ACLPermissionType.ALLOW, resource)


def rights() -> Iterator[Right]:
    for row in ROW.finditer(PAGE):
        for name in re.findall(r"`(.*?)`", row["names"]):
            kind = row["kind"].removesuffix(" from").removesuffix("s")
            yield Right(row["who"], kind, name, row["from"] is not None, row["what"])


RIGHTS = [*rights()]


class World(Struct):
    """A cluster that asks everybody who they are, and a way in for somebody to whom all is allowed."""

    cluster: Cluster
    known: str

    def settings(self, who: str) -> KafkaSettings:
        return KafkaSettings((self.known,), self.cluster.prefix, None, Login(Mechanism.PLAIN, who, PASSWORD))

    @contextmanager
    def all_but(self, taken: Right | None) -> Iterator[None]:
        """Everybody has the rights of the page, but for one."""
        prefix = self.cluster.prefix
        with self.cluster.admin() as admin:
            assert not admin.create_acls([one.told(prefix) for one in RIGHTS if one != taken])["failed"]
            try:
                yield
            finally:
                admin.delete_acls([one.told(prefix, ACLFilter) for one in RIGHTS])


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A broker with an authorizer: its address for those who are allowed everything, and that for all others."""
    if why_not() is not None:
        pytest.skip("needs a broker that this run starts as a process")
    port, _ = free_ports()
    users = " ".join(f'user_{who}="{PASSWORD}"' for who in sorted({right.who for right in RIGHTS}))
    settings = GUARDED.format(known=port, users=users).replace("{host}", HOST)
    broker = NativeBroker(tmp_path_factory.mktemp("guarded"), settings)
    broker.start()
    yield broker.bootstrap, f"{HOST}:{port}"
    broker.kill()


@pytest.fixture
def world(guarded: tuple[str, str]) -> Iterator[World]:
    bootstrap, known = guarded
    with Cluster(bootstrap) as cluster:
        create_topics(settings_of(cluster), partitions=1, replication=1)
        desk = Helpdesk()
        desk.contact("ct-1", "contract/C-7")
        cluster.append(directory_record(record) for record in desk.records.values())
        cluster.append([NewRecord(TICKETS, b"T-1", json.dumps(created(1)).encode()), NewRecord(JOBS, b"T-1", b"job")])
        # From an empty topic nothing is read, so that nobody would be refused.
        cluster.append([NewRecord(SUPPRESSIONS, b"suppression/none", None)])
        yield World(cluster, known)


def as_engine(settings: KafkaSettings) -> None:
    with closing(LagReader(settings, ENGINE_GROUP, TICKETS)) as lag:
        lag.read()
    membership, leaving = Membership(ENGINE_GROUP, "one"), Leaving(told=True)
    with capture_logs() as lines, engine_service(settings, membership, None, leaving=leaving) as service:
        while not service.step(1.0).records:
            pass
    assert "not_left" not in [line["event"] for line in lines]


def as_sender(settings: KafkaSettings) -> None:
    with closing(DirectoryFeed(settings, PeopleIndex())) as people:
        people.catch_up()
    write(settings, OUTCOMES, SUPPRESSIONS, DEAD_LETTERS)
    with closing(LagReader(settings, SENDER_GROUP, JOBS)) as lag:
        lag.read()
    with closing(KafkaJobLog(settings, Membership(SENDER_GROUP, "one"))) as log:
        while not log.poll(10, 1.0):
            pass
        log.commit()


def as_intake(settings: KafkaSettings) -> None:
    refuse_missing(settings, [TICKETS, DEAD_LETTERS])
    with closing(FollowedContracts(settings, lambda: None)) as contracts:
        contracts.follow()
    with closing(DirectoryTopic(settings)) as directory:
        directory.current()
    archive = KafkaDecisionArchive(settings, SystemClock(), timedelta(seconds=60))
    assert archive.of_ticket("/helpdesk", "T-1", 1) == []
    event, letter = NewRecord(TICKETS, b"T-1", b"e"), NewRecord(DEAD_LETTERS, b"k", b"v")
    try:
        with closing(KafkaEventSink(settings, "one")) as sink:
            for records in ([event], [event, event], [letter]):
                sink.append(records)
    except LogUnavailableError as error:
        raise error.__cause__ or error from None


def as_history(settings: KafkaSettings) -> None:
    try:
        with closing(KafkaHistorySource(settings)) as source:
            fill(Filler(source, InMemoryHistory(), SystemClock(), timedelta(days=9)), lambda: False)
    except HistoryUnavailableError as error:
        raise error.__cause__ or error from None


def as_platform(settings: KafkaSettings) -> None:
    write(settings, TICKETS, DIRECTORY)


def as_loader(settings: KafkaSettings) -> None:
    held = held_records(settings)
    with closing(OneTransaction(settings, TRANSACTION, time_for(1))) as load:
        load.append([NewRecord(DIRECTORY, one.key, one.value) for one in held.values()])


def as_sre(settings: KafkaSettings) -> None:
    for group, topic in ((ENGINE_GROUP, TICKETS), (SENDER_GROUP, JOBS)):
        with closing(LagReader(settings, group, topic)) as lag:
            lag.read()
    with closing(TopicReader(settings, [DEAD_LETTERS])) as letters:
        assert [*letters.read_to_end()] == []


def write(settings: KafkaSettings, *topics: str) -> None:
    for topic in topics:
        with closing(KafkaAppender(settings)) as appender:
            appender.append([NewRecord(topic, b"k", b"v")])


WORK = {
    "engine": as_engine,
    "sender": as_sender,
    "intake": as_intake,
    "history": as_history,
    "platform": as_platform,
    "loader": as_loader,
    "sre": as_sre,
}


@pytest.mark.parametrize("who", ["engine", "sre", "platform", "loader", "sender", "intake", "history"])
def test_the_rights_of_the_page_are_enough(world: World, who: str) -> None:
    assert WORK.keys() == {right.who for right in RIGHTS}
    with world.all_but(None):
        WORK[who](world.settings(who))


@pytest.mark.parametrize("right", RIGHTS, ids=lambda one: f"{one.who}-{one.operation}-{one.name}")
def test_without_any_one_of_them_it_is_refused_by_name(world: World, right: Right) -> None:
    with world.all_but(right), pytest.raises(KafkaRefusedError, match=re.escape(right.name)):
        WORK[right.who](world.settings(right.who))
