"""The topics and their required settings: creates and checks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from msgspec import Struct

from adapters.kafka.errors import KafkaRefusedError, named_errors
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings, millis
from schemas.dead_letter import WHOLE_BYTES
from schemas.topics import DEAD_LETTERS, DECISIONS, DIRECTORY, JOBS, OUTCOMES, SUPPRESSIONS, TICKETS

_MEGABYTE: Final = 1_048_576
_FOREVER: Final = -1
"""The `retention.ms` of a topic whose records never expire: negative, but longer than any other."""


class TopicSpec(Struct, frozen=True):
    """The required settings of a topic.

    `kept` is the retention; with None the topic is compacted, so that the newest record of each key stays for ever.
    `largest` is the size in bytes of the largest record, headers included. With `by_broker`, the broker writes the
    timestamps, because the clocks of producers may be wrong.
    """

    name: str
    kept: timedelta | None
    largest: int
    by_broker: bool = False

    def configs(self, replication: int) -> dict[str, str]:
        """The topic's configuration in Kafka, for this number of replicas."""
        configs = {
            "cleanup.policy": "compact" if self.kept is None else "delete",
            "max.message.bytes": str(self.largest),
            # Keep batches as their producer compressed them: we read all codecs.
            "compression.type": "producer",
            # With three replicas, two have each acknowledged record, so the loss of any one replica loses nothing.
            "min.insync.replicas": str(max(1, replication - 1)),
        }
        if self.kept is not None:
            configs["retention.ms"] = str(millis(self.kept))
        if self.by_broker:
            configs["message.timestamp.type"] = "LogAppendTime"
        return configs


TOPICS: Final[Sequence[TopicSpec]] = (
    TopicSpec(TICKETS, timedelta(days=7), 2 * _MEGABYTE, by_broker=True),
    TopicSpec(DIRECTORY, None, 2 * _MEGABYTE),
    TopicSpec(SUPPRESSIONS, None, 2 * _MEGABYTE),
    TopicSpec(JOBS, timedelta(days=7), 2 * _MEGABYTE),
    TopicSpec(DECISIONS, timedelta(days=30), RECORD_BYTES),
    # A dead letter is a record of up to 2 MB, plus headers that say what was wrong with it. It holds personal data, so
    # it is kept briefly, but longer than somebody may be on holiday.
    TopicSpec(DEAD_LETTERS, timedelta(days=14), 4 * _MEGABYTE),
    TopicSpec(OUTCOMES, timedelta(days=30), 2 * _MEGABYTE),
)


class Level(StrEnum):
    """The severity of a problem."""

    MISSING = "missing"
    """The topic is not there, and nothing works without it."""
    WRONG = "wrong"
    """Some day records will be lost, or work will stop."""
    NOTE = "note"
    """It may be intended, but everybody should know."""


class TopicProblem(Struct, frozen=True):
    """What is wrong with a topic."""

    topic: str
    problem: str
    level: Level = Level.WRONG

    def __str__(self) -> str:
        """The problem on one line."""
        return f"{self.topic}: {self.problem}"


def create_topics(settings: KafkaSettings, partitions: int, replication: int) -> list[str]:
    """Create the missing topics, and return their names. Existing topics are not changed: see check_topics.

    Raises KafkaRefusedError if topics are missing and there are fewer brokers than replicas; KafkaUnavailableError.
    """
    with _admin(settings, "creating topics") as admin:
        described = _described(admin, settings)
        missing = [spec for spec in TOPICS if settings.real(spec.name) not in described]
        wanted = {
            settings.real(spec.name): {
                "num_partitions": partitions,
                "replication_factor": replication,
                "configs": spec.configs(replication),
            }
            for spec in missing
        }
        if wanted:
            # Only here: if no topic is missing, any number of brokers is fine.
            _refuse_too_few_brokers(len(admin.describe_cluster()["brokers"]), replication)
            admin.create_topics(wanted, wait_for_metadata=True)
    return list(wanted)


def _refuse_too_few_brokers(brokers: int, replication: int) -> None:
    if brokers < replication:
        have = "one broker" if brokers == 1 else f"{brokers} brokers"
        raise KafkaRefusedError(
            f"{replication} replicas need {replication} brokers, and this cluster has {have}: "
            f"add --replication {brokers}, or start more"
        )


def refuse_missing(settings: KafkaSettings, names: Sequence[str], within: timedelta | None = None) -> None:
    """Raise KafkaRefusedError if a topic is missing. A producer would otherwise wait for it for a minute.

    Raises KafkaUnavailableError where Kafka does not answer, after about `within`, or as long as the client waits.
    """
    with _admin(settings, "looking for topics", within) as admin:
        found = {
            topic["name"] for topic in admin.describe_topics([*map(settings.real, names)]) if not topic["error_code"]
        }
    for name in map(settings.real, names):
        if name not in found:
            raise KafkaRefusedError(f"there is no topic {name}, or it may not be seen: tocsin topics create")


def check_topics(settings: KafkaSettings) -> list[TopicProblem]:
    """The problems of the topics, in the order of TOPICS."""
    with _admin(settings, "checking topics") as admin:
        described = _described(admin, settings)
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in described]
        found = admin.describe_configs(resources, config_filter="all").get("topic", {}) if resources else {}
    problems: list[TopicProblem] = []
    for spec in TOPICS:
        name = settings.real(spec.name)
        if name not in described:
            problems.append(TopicProblem(name, _NOT_THERE, Level.MISSING))
            continue
        problems += _problems(spec, name, described[name], found.get(name, {}))
    return problems


def _problems(
    spec: TopicSpec, name: str, replicas: Sequence[int], configs: Mapping[str, Mapping[str, str]]
) -> Iterator[TopicProblem]:
    """The problems of an existing topic. `configs` is empty if we lack the permission to see the configuration."""
    if max(replicas) == 1:
        yield TopicProblem(name, _ONE_REPLICA, Level.NOTE)
    if len(set(replicas)) > 1:
        text = f"its partitions have {min(replicas)} to {max(replicas)} replicas: give all the same number"
        yield TopicProblem(name, text)
    if not configs:
        yield TopicProblem(name, _UNSEEN, Level.NOTE)
        return
    values = {key: one["value"] for key, one in configs.items()}
    for text in _faults(spec, values):
        yield TopicProblem(name, text)
    for text in _notes(spec, values):
        yield TopicProblem(name, text, Level.NOTE)


def _faults(spec: TopicSpec, configs: Mapping[str, str]) -> Iterator[str]:
    wanted = "compact" if spec.kept is None else "delete"
    policy = configs["cleanup.policy"]
    if policy != wanted:
        yield f"cleanup.policy is {policy!r}, not {wanted!r}: {_WHY_POLICY[wanted]}"
    if spec.kept is not None and _FOREVER < int(configs["retention.ms"]) < millis(spec.kept):
        yield f"retention.ms is {configs['retention.ms']}, less than {spec.kept.days} days ({millis(spec.kept)})"
    if int(configs["max.message.bytes"]) < spec.largest:
        yield f"max.message.bytes is {configs['max.message.bytes']}, less than {spec.largest}: larger records stop work"
    if spec.by_broker and configs["message.timestamp.type"] != "LogAppendTime":
        yield "message.timestamp.type is not LogAppendTime: a platform's wrong clock would make events stale"


def _notes(spec: TopicSpec, configs: Mapping[str, str]) -> Iterator[str]:
    largest, codec = int(configs["max.message.bytes"]), configs.get("compression.type", _AS_PRODUCED)
    if spec.name == TICKETS and largest > WHOLE_BYTES:
        yield f"max.message.bytes is {largest}: of what can't be used, no more than {WHOLE_BYTES} bytes are kept whole"
    if codec != _AS_PRODUCED:
        yield f"compression.type is {codec!r}: the broker compresses every batch anew, which costs its processor"


_AS_PRODUCED: Final = "producer"
_NOT_THERE: Final = "it is not there (tocsin topics create), or may not be seen (that needs Describe on it)"
_ONE_REPLICA: Final = (
    "it has one replica, which is fine for a trial: where its broker is killed in the midst of a transaction, "
    "Kafka may leave that open or let what was aborted count"
)
_UNSEEN: Final = "its settings were not looked at: that needs DescribeConfigs on it"
_WHY_POLICY: Final = {
    "compact": "records that are as old as the retention would vanish from the directory",
    "delete": "records of one ticket would vanish behind later ones",
}


def _described(admin: Any, settings: KafkaSettings) -> dict[str, list[int]]:
    """The existing topics, each with the number of replicas of every partition."""
    names = [settings.real(spec.name) for spec in TOPICS]
    return {
        topic["name"]: [len(partition["replica_nodes"]) for partition in topic["partitions"]]
        for topic in admin.describe_topics(names)
        if topic["error_code"] == 0
    }


@contextmanager
def _admin(settings: KafkaSettings, asked: str, within: timedelta | None = None) -> Iterator[Any]:
    limits = {} if within is None else dict.fromkeys(("bootstrap_timeout_ms", "request_timeout_ms"), millis(within))
    with named_errors(asked):
        admin = KafkaAdminClient(**settings.client() | limits)
        try:
            yield admin
        finally:
            admin.close()
