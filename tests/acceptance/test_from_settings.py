"""Commands that are told by the settings alone where to look; what the command line names comes first."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from adapters.kafka.topics import create_topics
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ledger import SqliteLedger
from schemas.log import NewRecord
from schemas.topics import DECISIONS, TICKETS
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk, envelope, event_of
from tests.support.helpdesk.files import created, write_directory, write_events
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

NOW = datetime.now(UTC)
NOBODY = "127.0.0.1:9"
"""No broker answers here: a command that asks it fails."""


def run(*arguments: object, expect: int = 0, **variables: object) -> Result:
    env = {name: str(value) for name, value in variables.items()}
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False, env=env)
    assert result.exit_code == expect, result.output
    return result


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
    return desk


@pytest.fixture
def directory(tmp_path: Path, desk: Helpdesk) -> Path:
    return write_directory(tmp_path / "directory", desk)


@pytest.fixture
def event(tmp_path: Path) -> Path:
    return write_events(tmp_path / "event.json", [created(1)])


def decided(desk: Helpdesk, ticket: str) -> NewRecord:
    decision = desk.decide(event_of(envelope({"id": ticket}, {"previous": None})))
    return NewRecord(DECISIONS, ticket.encode(), msgspec.json.encode(decision.record()))


def kept_in(data: Path, *records: NewRecord) -> Path:
    data.mkdir()
    with closing(SqliteLog(database_in(data))) as log:
        log.append(records, NOW)
    return data


def test_a_ticket_is_explained_where_only_variables_or_the_file_say_where(tmp_path: Path, desk: Helpdesk) -> None:
    data = kept_in(tmp_path / "data", decided(desk, "T-1"))
    (tmp_path / "tocsin.toml").write_text('[process]\ndata = "data"\n')
    for found in (
        run("explain", "T-1", "--details", TOCSIN_DATA=data),
        run("explain", "T-1", "--details", TOCSIN_SETTINGS=tmp_path / "tocsin.toml"),
        run("--settings", tmp_path / "tocsin.toml", "explain", "T-1", "--details"),
    ):
        assert "contact/ct-1: opened by email" in found.stdout


def test_what_the_command_line_names_comes_before_kafka_of_the_settings(
    tmp_path: Path, desk: Helpdesk, directory: Path, event: Path
) -> None:
    data = kept_in(tmp_path / "data", decided(desk, "T-1"))
    assert "Alerted" in run("explain", "T-1", "--data", data, TOCSIN_KAFKA=NOBODY).stdout
    for asked in ((event,), ("--event", event)):
        said = run("explain", *asked, "--directory", directory, TOCSIN_KAFKA=NOBODY, TOCSIN_DATA=data).stdout
        assert "Zoé Martin" in said
    found = run("explain", "-", "-d", directory, TOCSIN_DATA=data, expect=1)
    assert "no decision" not in found.output


def test_a_place_that_is_named_makes_a_word_an_id_though_there_is_a_file_of_its_name(
    tmp_path: Path, desk: Helpdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = kept_in(tmp_path / "data", decided(desk, "T-1"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "T-1").write_text("{}")
    assert "Alerted" in run("explain", "T-1", "--data", data).stdout
    assert "name the directory's folder" in run("explain", "T-1", TOCSIN_DATA=data, expect=2).output
    run("explain", "--event", "T-1", "--data", data, expect=2)


def test_whoever_says_nowhere_where_to_look_is_told_how(event: Path) -> None:
    said = " ".join(run("explain", "T-1", expect=2).output.replace("│", " ").split())
    assert "there is no file 'T-1'" in said
    assert "--kafka, TOCSIN_KAFKA" in said
    assert "--data, TOCSIN_DATA" in said
    assert "TOCSIN_DIRECTORY" in run("explain", event, expect=2).output
    run("explain", "x" * 5_000, expect=2)


def test_whoever_judges_takes_rules_and_directory_from_the_settings(
    tmp_path: Path, directory: Path, event: Path
) -> None:
    other = write_directory(tmp_path / "other", Helpdesk())
    rules = tmp_path / "rules.yaml"
    rules.write_text("extends: default\nrules: [{rule: mine, for: contract.contacts}]\n")
    broken = tmp_path / "broken.yaml"
    broken.write_text("rules: [{rule: mine}]\n")
    settings: dict[str, Any] = {"TOCSIN_RULES": rules, "TOCSIN_DIRECTORY": directory}
    assert '"mine"' in run("decide", event, **settings).stdout
    assert '"mine"' in run("decide", event, "-d", directory, TOCSIN_RULES=rules, TOCSIN_DIRECTORY=other).stdout
    assert json.loads(run("decide", event, "-d", other, **settings).stdout)["jobs"] == []
    assert "  mine: put in force" in run("derive", "C-7", **settings).stdout
    assert "Zoé Martin" in run("validate", event, **settings).stdout
    assert "Zoé Martin" in run("explain", event, **settings).stdout
    assert "gets `opened`" in run("preview", "external/opened", "-e", event, "-p", "contact/ct-1", **settings).stdout
    assert "1 contract" in run("coverage", **settings, expect=1).stdout
    assert "has no tests" in run("test", **settings).stderr
    for command in ("check", "test"):
        assert str(broken) in run(command, TOCSIN_RULES=broken, expect=1).output
        assert str(broken) not in run(command, rules, TOCSIN_RULES=broken).output
        run(command, broken, TOCSIN_RULES=rules, expect=1)


def test_diff_takes_events_and_directory_from_the_settings(tmp_path: Path, directory: Path, event: Path) -> None:
    value = json.dumps(created(2)).encode()
    data = kept_in(tmp_path / "data", NewRecord(TICKETS, b"T-2", value), NewRecord(TICKETS, b"T-2", value))
    diff = ("diff", "default", "default", "--events")
    assert run(*diff, f"topic:{TICKETS}", TOCSIN_DATA=data, TOCSIN_DIRECTORY=directory).stdout.startswith("2 events")
    assert run(*diff, event, "-d", directory, TOCSIN_KAFKA=NOBODY, TOCSIN_DATA=data).stdout.startswith("1 event")
    named = ("--data", data, "-d", directory)
    assert run(*diff, f"topic:{TICKETS}", *named, TOCSIN_KAFKA=NOBODY).stdout.startswith("2 events")
    assert "TOCSIN_DATA" in run(*diff, f"topic:{TICKETS}", "-d", directory, expect=2).output


@pytest.mark.kafka
def test_on_kafka_everything_may_come_from_the_settings(cluster: Cluster, tmp_path: Path, desk: Helpdesk) -> None:
    create_topics(settings_of(cluster), partitions=3, replication=1)
    made = desk.decide(event_of(envelope({"id": "T-1"}, {"previous": None})))
    cluster.append([decided(desk, "T-1")])
    variables: dict[str, Any] = {"TOCSIN_KAFKA": cluster.bootstrap, "TOCSIN_KAFKA_PREFIX": cluster.prefix}
    assert "contact/ct-1: opened by email" in run("explain", "T-1", "--details", **variables).stdout
    # Settings of a machine on which the sender's folder is not: the decision is shown all the same.
    found = run("explain", "T-1", **variables, TOCSIN_DATA=tmp_path / "nowhere")
    assert "contact/ct-1: opened by email" in found.stdout
    assert f"TOCSIN_DATA: there is no ledger in {tmp_path / 'nowhere'}" in found.stderr
    data = tmp_path / "data"
    data.mkdir()
    with closing(SqliteLedger(database_in(data))) as ledger:
        ledger.accept(made.jobs, NOW)
        ledger.claim(NOW, 10, timedelta(minutes=1))
    assert ": claimed, sending" in run("explain", "T-1", "--details", **variables, TOCSIN_DATA=data).stdout
    named = run("explain", "T-1", "--kafka", NOBODY, expect=3, **variables)
    assert "Event" not in named.stdout
    run("dlq", "list", **variables)
    run("topics", "check", **variables)
    run("emit", write_events(tmp_path / "events.jsonl", [created(9)]), **variables)
    run("directory", "load", write_directory(tmp_path / "d", desk), **variables)
    assert run("diff", "default", "default", "-e", f"topic:{TICKETS}", **variables).stdout.startswith("1 event")
