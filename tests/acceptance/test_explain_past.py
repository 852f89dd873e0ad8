"""`tocsin explain ID`: the past from the decisions kept, in a file and on Kafka."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn, Protocol

import msgspec
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from adapters.kafka.topics import create_topics
from adapters.postgres.ledger import PostgresLedger
from adapters.sqlite.decision_index import _BY_EVENT, _BY_TICKET
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ledger import SqliteLedger
from engine.decide import Decision
from schemas.generate import FOLDER
from schemas.log import NewRecord
from schemas.topics import DECISIONS, TICKETS
from sender.ledger.port import LedgerAwayError
from sender.records import Report
from sender.states import Transition
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk, envelope, event_of
from tests.support.helpdesk.files import write_directory
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in
from tocsin.operations.history.kept import Fates

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=6)


class Kept(Protocol):
    options: list[str]

    def put(self, *decisions: Decision, at: datetime = NOW) -> None: ...


class InAFile:
    def __init__(self, data: Path) -> None:
        data.mkdir()
        self.options = ["--data", str(data)]
        self.path = database_in(data)

    def put(self, *decisions: Decision, at: datetime = NOW) -> None:
        with closing(SqliteLog(self.path)) as log:
            log.append(map(record, decisions), at)


class OnKafka:
    def __init__(self, cluster: Cluster) -> None:
        create_topics(settings_of(cluster), partitions=5, replication=1)
        self.options = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
        self._cluster = cluster

    def put(self, *decisions: Decision, at: datetime = NOW) -> None:
        self._cluster.append(map(record, decisions))


@pytest.fixture(params=["file", pytest.param("kafka", marks=pytest.mark.kafka)])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    return OnKafka(request.getfixturevalue("cluster")) if request.param == "kafka" else InAFile(tmp_path / "data")


@pytest.fixture
def file(tmp_path: Path) -> InAFile:
    return InAFile(tmp_path / "data")


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
    desk.contact("ct-2", "contract/C-7", alerts=["closed"])
    return desk


def record(decision: Decision) -> NewRecord:
    return NewRecord(DECISIONS, decision.event.ticket.id.encode(), msgspec.json.encode(decision.record()))


def decision(desk: Helpdesk, ticket: str = "T-1", event: str = "E-1", source: str = "/helpdesk") -> Decision:
    return desk.decide(event_of(envelope({"id": ticket}, {"previous": None}, id=event, source=source)))


def run(*arguments: str, expect: int = 0, details: bool = True) -> Result:
    asked = [*arguments, "--details"] if details else [*arguments]
    result = CliRunner().invoke(app, ["explain", *asked], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def test_a_ticket_is_explained_by_what_was_decided(kept: Kept, desk: Helpdesk) -> None:
    kept.put(decision(desk, "T-1", "E-1"), decision(desk, "T-2", "E-2"), decision(desk, "T-1", "E-3"))
    words = run("T-1", *kept.options).stdout
    assert [line.split()[1] for line in words.splitlines() if line.startswith("Event")] == ["E-1", "E-3"]
    assert "  contact/ct-1 by email: opened\n" in words
    assert (
        "  contact/ct-2 through contract.contacts: the person's own tick was off for `opened` [own_tick_off]" in words
    )


def test_an_event_is_found_whatever_its_ticket(kept: Kept, desk: Helpdesk) -> None:
    kept.put(*(decision(desk, f"T-{number}", f"E-{number}") for number in range(20)))
    kept.put(decision(desk, "T-1", "E-7", source="/another"))
    words = run("E-7", *kept.options).stdout
    assert "Event E-7 from /helpdesk, ticket T-7" in words
    assert "Event E-7 from /another, ticket T-1" in words


def test_what_is_not_kept_is_said(kept: Kept, desk: Helpdesk) -> None:
    kept.put(decision(desk))
    said = run("T-9", *kept.options, expect=1).stderr
    place = re.escape(kept.options[1])
    assert re.match(rf"no decision about T-9 is kept (on Kafka \({place}\)|in {place}\S+) since", said)


def test_todays_directory_only_names_people(kept: Kept, desk: Helpdesk, tmp_path: Path) -> None:
    kept.put(decision(desk))
    desk.contact("ct-1", name="Zoé Durand", alerts=[])
    words = run("T-1", *kept.options, "-d", str(write_directory(tmp_path / "d", desk))).stdout
    assert "Zoé Durand (contact/ct-1) by email: opened" in words


def test_of_one_person_and_as_data(kept: Kept, desk: Helpdesk) -> None:
    kept.put(decision(desk))
    words = run("T-1", *kept.options, "--person", "contact/ct-2").stdout
    assert "ct-2" in words
    assert "ct-1" not in words
    data = json.loads(run("T-1", *kept.options, "--person", "contact/ct-1", "--json").stdout)
    Draft202012Validator(json.loads((FOLDER / "past-explanation.schema.json").read_text())).validate(data)
    (one,) = data["decisions"]
    assert [job["person"]["id"] for job in one["decision"]["jobs"]] == ["ct-1"]
    assert one["decision"]["skipped"] == []
    assert "same mailbox" in run("T-1", *kept.options, "--person", "contact/ct-9").stdout


def test_it_looks_back_as_far_as_it_is_told(file: InAFile, desk: Helpdesk) -> None:
    file.put(decision(desk, event="E-old"), at=LONG_AGO)
    file.put(decision(desk, event="E-new"))
    assert "E-old" in run("T-1", *file.options).stdout
    assert "E-old" not in run("T-1", *file.options, "--since", "2d").stdout
    assert "E-old" in run("T-1", *file.options, "--since", (LONG_AGO - timedelta(hours=1)).isoformat()).stdout
    run("T-1", *file.options, "--since", "yesterday", expect=2)


@pytest.mark.kafka
def test_kafka_is_read_from_the_moment_on(cluster: Cluster, desk: Helpdesk) -> None:
    kafka = OnKafka(cluster)
    kafka.put(decision(desk))
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    run("T-1", *kafka.options, "--since", later, expect=1)
    run("E-1", *kafka.options, "--since", later, expect=1)


def test_what_became_of_each_message_stands_in_the_ledger(file: InAFile, desk: Helpdesk) -> None:
    made = decision(desk)
    file.put(made)
    (job,) = made.jobs
    with closing(SqliteLedger(file.path)) as ledger:
        ledger.accept([job], NOW)
        ledger.claim(NOW, 10, timedelta(minutes=1))
        ledger.record([Report(job.id, 1, Transition.REFUSED, code=550, text="5.1.1 no such user")], NOW)
    words = run("T-1", *file.options).stdout
    assert ": accepted, queued\n" in words
    assert ": refused, failed (550 5.1.1 no such user)\n" in words
    (one,) = json.loads(run("T-1", *file.options, "--json").stdout)["decisions"]
    assert [change["state"] for change in one["histories"][job.id]] == ["queued", "sending", "failed"]


def test_decisions_are_told_where_the_ledger_does_not_answer(
    kept: Kept, desk: Helpdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They lie elsewhere, and a time at which the database is down is one at which people ask."""
    made = decision(desk)
    kept.put(made)
    nobody = "postgresql://tocsin@127.0.0.1:1/tocsin"
    named = run("T-1", *kept.options, "--ledger", nobody, expect=3)
    for name, value in zip(kept.options[::2], kept.options[1::2], strict=True):
        monkeypatch.setenv({"--prefix": "TOCSIN_KAFKA_PREFIX"}.get(name, f"TOCSIN_{name[2:].upper()}"), value)
    monkeypatch.setenv("TOCSIN_LEDGER", nobody)
    for result in (named, run("T-1")):
        assert "  contact/ct-1 by email: opened\n" in result.stdout
        assert "      what became of it is unknown: the ledger can't be asked\n" in result.stdout
        assert "what became of the jobs is unknown" in result.stderr
        assert "127.0.0.1" in result.stderr
    data = json.loads(run("T-1", "--json").stdout)
    Draft202012Validator(json.loads((FOLDER / "past-explanation.schema.json").read_text())).validate(data)
    assert "127.0.0.1" in data["ledger_error"]
    assert [job["id"] for job in data["decisions"][0]["decision"]["jobs"]] == [job.id for job in made.jobs]


def test_a_ledger_that_stops_answering_is_asked_no_more() -> None:
    asked: list[str] = []

    def ask(job: str) -> NoReturn:
        asked.append(job)
        raise LedgerAwayError("unreachable", "nobody is there")

    fates = Fates(ask)
    assert [fates("a"), fates("b")] == [None, None]
    assert (asked, fates.unknown) == (["a"], "nobody is there")
    # The control: one that knows nothing of a job has answered.
    assert (Fates()("a"), Fates().unknown) == ((), None)


@pytest.mark.kafka
@pytest.mark.postgres
def test_with_kafka_the_ledger_may_be_in_postgresql(cluster: Cluster, postgres_url: str, desk: Helpdesk) -> None:
    kafka, made = OnKafka(cluster), decision(desk)
    kafka.put(made)
    with closing(PostgresLedger(postgres_url)) as ledger:
        ledger.accept(made.jobs, NOW)
    assert ": accepted, queued\n" in run("T-1", *kafka.options, "--ledger", postgres_url).stdout
    assert ": accepted, queued\n" not in run("T-1", *kafka.options).stdout


def test_what_is_no_decision_harms_nothing(file: InAFile, desk: Helpdesk) -> None:
    with closing(SqliteLog(file.path)) as log:
        values = (b"not json", b"\xff\x00", b"{}", b'{"event": 7}', b"", None)
        log.append([NewRecord(DECISIONS, b"T-1", value) for value in values], NOW)
        log.append([NewRecord(TICKETS, b"T-1", b'{"event": "E-1"}')], NOW)
    file.put(decision(desk))
    for asked in ("T-1", "E-1"):
        assert run(asked, *file.options).stdout.count("Event ") == 1


def test_both_ways_lead_through_an_index(file: InAFile) -> None:
    with closing(SqliteLog(file.path)) as log:
        for query, index in ((_BY_TICKET, "log_decisions_ticket"), (_BY_EVENT, "log_decisions_event")):
            plan = " ".join(str(row) for row in log._database.execute(f"EXPLAIN QUERY PLAN {query}", ("x", 0)))
            assert f"USING INDEX {index}" in plan


def test_the_command_line_says_what_it_needs(tmp_path: Path, file: InAFile) -> None:
    assert "name a ticket" in run("--data", str(tmp_path), expect=2).stderr
    assert "does not exist" in run("T-1", "--data", str(tmp_path / "absent"), expect=2).stderr
    run(expect=2)
    run("--event", "x.json", expect=2)
    run("T-1", "--event", "x.json", *file.options, expect=2)


def test_a_ticket_begins_with_a_summary(file: InAFile, desk: Helpdesk) -> None:
    desk.contact("ct-3", "contract/C-7", alerts=["closed"])
    silent = desk.decide(event_of(envelope({"id": "T-1"}, {"previous": {}}, id="E-2")))
    file.put(decision(desk), silent)
    words = run("T-1", *file.options, details=False).stdout
    assert words == (
        "Ticket T-1: 2 saves from 2026-03-02 09:20:00 UTC to 2026-03-02 09:20:00 UTC, of which 1 alerted somebody.\n"
        "Contract: C-7.\n\n"
        "Alerted: 1 person\n"
        "  contact/ct-1: opened by email\n"
        "Not alerted: 2 people\n"
        "  2 by own_tick_off, such as contact/ct-2: the person's own tick was off for `opened`\n"
        "  nobody by no_trigger, of the whole save: the save neither opened, resolved or closed the ticket nor changed "
        "its status\n\n"
        "Every save and every person: --details; all about one of them: --person.\n"
    )
    assert run("T-1", *file.options).stdout.startswith(words.partition("\n\nEvery")[0])
