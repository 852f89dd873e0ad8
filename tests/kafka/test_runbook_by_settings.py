"""Every command of the runbook, typed without the options that name a place: variables alone say where all is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.kafka.topics import create_topics
from adapters.sqlite.ledger import SqliteLedger
from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from schemas.dead_letter import Cause, dead_letter
from schemas.log import NewRecord, Record
from schemas.topics import JOBS, TICKETS
from sender.ledger.restrictions import Pause
from tests.contract.outcome_post_promises import a_post, hear
from tests.kafka.members import settings_of
from tests.ops.test_runbook import COMMANDS, words_of
from tests.support.brokers.cluster import Cluster
from tests.support.documents.command_lines import parse
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory, write_events
from tests.support.sender.fakes import START, a_job
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

pytestmark = pytest.mark.kafka

RULES = Path(__file__).parents[2] / "rules"
PLACES = {"--kafka", "--data", "--directory", "--rules", "--smtp", "--from", "--instance"}
"""Options that a variable stands in for."""
SERVICES = ("engine", "sender")
"""These don't end by themselves: that they are understood is all that is asked."""
JUDGES = {("lag",): 1, ("explain",): 0}
"""Of which exit codes beside 0 are answers: something waits here."""
ONE_BROKER = ["--replication", "1"]
MENDERS = ["dlq", "pass-over"]
"""Mends what is not broken here."""
LINES = [line for line in COMMANDS if words_of(line)[0] == "tocsin" and words_of(line)[1:3] != MENDERS]


def without_places(words: list[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word in PLACES:
            next(rest)
        elif word != "rules.yaml":
            yield word


@pytest.fixture
def environment(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with a bit of everything, known by its variables, and its files where somebody works."""
    create_topics(settings_of(cluster), partitions=2, replication=1)
    letter = dead_letter(Record(TICKETS, 0, 0, START, b"T-1", json.dumps(created(1)).encode()), Cause("not_json", "x"))
    job = json.dumps({"id": "j", "ticket": "T-2"}).encode()
    for partition in range(2):
        cluster.append([letter], partition)
    cluster.append([NewRecord(TICKETS, b"T-1", json.dumps(created(1)).encode()), NewRecord(JOBS, b"T-2", job)])
    (tmp_path / "data").mkdir()
    with closing(SqliteLedger(database_in(tmp_path / "data"))) as ledger:
        ledger.accept([a_job()], START)
        ledger.pause(Pause("acme", None, START, "a reason"))
    with closing(SqliteOutcomePosts(database_in(tmp_path / "data"))) as posts:
        posts.keep([a_post("one"), a_post("two", "T-2")], (), hear, START)
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    write_directory(tmp_path / "DIR", desk)
    write_events(tmp_path / "event.json", [created(1)])
    shutil.copytree(RULES, tmp_path / "rules")
    shutil.copy(RULES / "mappings" / "posts" / "generic-created.json", tmp_path / "post.json")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "KAFKA": cluster.bootstrap,
        "KAFKA_PREFIX": cluster.prefix,
        "DATA": "data",
        "RULES": "rules/default.yaml",
        "DIRECTORY": "DIR",
        "SMTP": "other.example:25",
        "MAIL_FROM": "Support <support@desk.example>",
        "INSTANCE": "engine-3",
    }.items():
        monkeypatch.setenv(f"TOCSIN_{name}", value)


@pytest.mark.usefixtures("environment")
def test_every_command_works_by_variables_alone() -> None:
    wrong = []
    for line in LINES:
        words = [*without_places(words_of(line)[1:])]
        if words[0] in SERVICES:
            assert parse(words) == f"tocsin {words[0]}"
            continue
        if words[:2] == ["topics", "create"]:
            words += ONE_BROKER
        if "--window" in words:
            words[words.index("--window") + 1] = "1"
        result = CliRunner().invoke(app, words)
        if result.exit_code > JUDGES.get((words[0],), 0) or result.exception.__class__ not in (type(None), SystemExit):
            wrong.append(f"{line}: tocsin {' '.join(words)}: {result.exit_code}: {result.output[-300:]}")
    assert not wrong, "\n".join(wrong)
    assert len(LINES) > 25


def test_without_them_the_same_commands_do_not_know_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.chdir(tmp_path)
    for words in (["lag"], ["dlq", "list"], ["topics", "check"], ["jobs", "list"], ["pauses"]):
        assert CliRunner().invoke(app, words).exit_code == 2
