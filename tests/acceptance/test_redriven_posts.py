"""Posts of helpdesks that became dead letters are taken in once their mapping is mended, in a file and on Kafka."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.kafka.topics import create_topics
from adapters.mapping_files.load import load_mapping
from adapters.sqlite.event_log import SqliteLog
from intake.acceptance import Acceptance
from intake.hooks import Hooks, Kept
from intake.post import Post
from schemas.log import NewRecord, Record
from schemas.topics import DIRECTORY, TICKETS
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import CONTRACT, Helpdesk
from tests.support.helpdesk.files import write_directory
from tests.support.intake.in_memory_sink import InMemoryEventSink
from tests.support.intake.in_memory_states import InMemoryTicketStates
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

CAME = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "the-secret-of-this-helpdesk"
MAPPING = """
about: A helpdesk of the tests.
source: /desk
signature: {{scheme: header, header: X-Desk-Key}}
on_malformed: accept
delivery: {{header: X-Delivery}}
moment: {{value: created}}
ticket:
  id: $.{field}
  contract: {{look_up: [customer]}}
  customer: $.customer
  title: $.title
  status: {{value: new}}
"""


def mapping_in(folder: Path, field: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "desk.yaml").write_text(MAPPING.format(field=field))
    return folder / "desk.yaml"


def letter(folder: Path, body: dict[str, Any]) -> NewRecord:
    """What an intake keeps of a post whose ticket's id stands where the mapping does not look."""
    mapping, sink = load_mapping(mapping_in(folder, "number")), InMemoryEventSink()
    hooks = Hooks(
        lambda _: mapping, {"desk": [SECRET]}, Nobody(), Acceptance(InMemoryTicketStates(), sink, Still(CAME))
    )
    headers = {
        "content-type": "application/json",
        "x-delivery": "d-1",
        "x-desk-key": SECRET,
        "authorization": "Basic eA==",
        "x-also": f"key={SECRET}",
    }
    assert isinstance(hooks.take("desk", Post(json.dumps(body).encode(), headers, CAME)), Kept)
    [made] = sink.records
    return made


class Nobody:
    """A directory without contracts."""

    def contracts(self, **_: Any) -> tuple[str, ...]:
        return ()


def run(*arguments: str, expect: int = 0) -> str:
    result = CliRunner().invoke(app, ["dlq", *arguments], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result.output


def check(event: Record) -> None:
    told = json.loads(event.value or b"")
    assert (event.key, told["source"], told["data"]["ticket"]["contract"]) == (b"T-1", "/desk", "C-7")
    assert told["data"]["previous"] is None


BODY = {"id": "T-1", "customer": "acme", "title": "Nothing prints"}


def test_in_a_file(tmp_path: Path) -> None:
    data, mappings = tmp_path / "data", tmp_path / "mappings"
    data.mkdir()
    with closing(SqliteLog(database_in(data))) as log:
        log.append([letter(mappings, BODY)], CAME)
    where = ["--data", str(data), "--mappings", str(mappings)]
    where += ["--directory", str(write_directory(tmp_path / "directory", Helpdesk()))]
    assert "0 records sent again" in (said := run("redrive", "--code", "malformed_payload", *where, expect=1))
    assert "its mapping can't read it: ticket.id" in said
    mapping_in(mappings, "id")
    # Sent again twice, it is known: there is one event.
    for _ in range(2):
        assert "1 records sent again" in run("redrive", "0:0", *where)
    with closing(SqliteLog(database_in(data))) as log:
        [event] = log.read(TICKETS)
    check(event)
    (mappings / "desk.yaml").unlink()
    assert "there is no mapping 'desk'" in run("redrive", "0:0", *where, expect=1)


@pytest.mark.kafka
@pytest.mark.postgres
def test_on_kafka(tmp_path: Path, cluster: Cluster, postgres_url: str) -> None:
    create_topics(settings_of(cluster), partitions=1, replication=1)
    mappings = tmp_path / "mappings"
    contract = NewRecord(DIRECTORY, b"contract/C-7", json.dumps(CONTRACT).encode())
    cluster.append([letter(mappings, BODY), contract])
    mapping_in(mappings, "id")
    where = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--mappings", str(mappings)]
    result = CliRunner().invoke(app, ["dlq", "redrive", "0:0", *where])
    assert "name its --ledger" in result.output
    assert "1 records sent again" in run("redrive", "0:0", *where, "--ledger", postgres_url)
    [event] = cluster.read(TICKETS)
    check(event)


def test_no_header_that_proves_who_posts_is_kept(tmp_path: Path) -> None:
    made = letter(tmp_path / "mappings", BODY)
    assert SECRET.encode() not in b"".join(value for _, value in made.headers)
    names = {name for name, _ in made.headers if name.startswith("http.")}
    assert names == {"http.content-type", "http.x-delivery"}
