"""A directory that Debezium writes decides as the same directory in our own form does, on a real broker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.files.wire_records import wire_records
from adapters.kafka.directory_topic import DirectoryFeed, DirectoryTopic
from engine.decide import decide
from engine.directory.directory import Directory
from schemas.log import NewRecord
from schemas.topics import DIRECTORY, SUPPRESSIONS
from sender.privacy.people_index import PeopleIndex
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import NOW, default_rules
from tests.support.helpdesk.foreign_forms import as_columns, as_json, change, flattened, struct, with_schema
from tocsin.authoring.event_files import read_lines

pytestmark = pytest.mark.kafka

HELPDESK = Path(__file__).parents[2] / "tocsin" / "demo" / "helpdesk"
ROWS: list[dict[str, Any]] = [msgspec.to_builtins(one) for one in wire_records(HELPDESK / "directory").records]
EVENTS = [line.event for line in read_lines(HELPDESK / "events.jsonl", NOW) if line.event is not None]


def record(key: Any, value: Any) -> NewRecord:
    return NewRecord(DIRECTORY, as_json(key), None if value is None else as_json(value))


def of_tables(rows: Iterable[dict[str, Any]]) -> Iterator[NewRecord]:
    """A table for each kind, each through a connector of its own, set up in its own way."""
    for row in rows:
        key = {"id": row["id"], "__dbz__physicalTableIdentifier": f"desk.public.{row['kind']}"}
        match row["kind"]:
            case "contract":
                yield record({"kind": "contract", "id": row["id"]}, change("c", None, as_columns(row)))
            case "customer" | "site":
                yield record(key, flattened(as_columns(row)))
            case "contact":
                yield record(with_schema(key, struct({})), with_schema(flattened(as_columns(row)), struct({})))
            case _:
                yield record(f"{row['kind']}/{row['id']}", row)


def decisions(directory: Directory) -> list[bytes]:
    rules = default_rules()
    return [msgspec.json.encode(decide(event, directory, rules, event.time).record()) for event in EVENTS]


@pytest.fixture
def topics(cluster: Cluster) -> Cluster:
    cluster.create(DIRECTORY, partitions=3, configs={"cleanup.policy": "compact"})
    cluster.create(SUPPRESSIONS, configs={"cleanup.policy": "compact"})
    return cluster


def test_it_leads_to_the_same_decisions(topics: Cluster) -> None:
    ours = Directory()
    for one in wire_records(HELPDESK / "directory").records:
        ours.apply(one)
    topics.append(of_tables(ROWS))
    with closing(DirectoryTopic(settings_of(topics))) as source:
        assert decisions(source.current()) == decisions(ours)
        assert any(b'"jobs":[{' in decision for decision in decisions(ours))
        assert source.problems == {}
        # The control: people whom Debezium says are gone make a difference, at once and after a restart.
        gone = [row for row in ROWS if row["kind"] == "contact"]
        for row in gone:
            key = with_schema({"id": row["id"], "__dbz__physicalTableIdentifier": "desk.public.contact"}, struct({}))
            topics.append([record(key, with_schema(flattened(as_columns(row), deleted=True))), record(key, None)])
        assert decisions(source.current()) != decisions(ours)
        assert source.current().counts()["contact"] == 0
        with closing(DirectoryTopic(settings_of(topics))) as restarted:
            assert decisions(restarted.current()) == decisions(source.current())
            assert restarted.problems == {}


def test_a_sender_knows_the_people_of_such_a_directory(topics: Cluster) -> None:
    topics.append(of_tables(ROWS))
    people = PeopleIndex()
    with closing(DirectoryFeed(settings_of(topics), people)) as feed:
        feed.catch_up()
        assert feed.problems == {}
    assert len(people) == sum(row["kind"] in ("contact", "collaborator", "suppression") for row in ROWS) > 0
