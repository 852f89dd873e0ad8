"""`tocsin person`: what is kept of somebody is all in one file, and where it can be changed nothing is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from jsonschema import Draft202012Validator
from psycopg.sql import SQL, Identifier
from typer.testing import CliRunner, Result

from adapters.files.directory_source import FolderDirectory
from adapters.files.kept_files import FOLDER as KEPT
from adapters.files.kept_files import KeptFiles
from adapters.kafka.topics import create_topics
from adapters.mailbox.mailbox import HOST, Mailbox
from adapters.postgres.ledger import PostgresLedger
from adapters.rule_files.load import DEFAULT_FILE
from adapters.sqlite.database import open_database
from adapters.sqlite.erasing import erase_deleted
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ledger import SqliteLedger
from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from adapters.sqlite.ticket_states import SqliteTicketStates
from intake.observation import Observation
from intake.states.judgement import event_id, judge, ticket_key
from outcomes.collecting import Collector
from outcomes.endpoint import Tell
from schemas.directory import SuppressionRecord
from schemas.generate import FOLDER
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, OUTCOMES, SUPPRESSIONS, TICKETS
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.states import State
from sender.suppressions.opt_out import OptOut, OptOutRequest
from tests.intake.posts import whole
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory
from tests.support.outcomes import an_endpoint
from tests.support.sender.operated_ledger import fill
from tests.support.settings.environments import mail_by
from tocsin.cli.app import app
from tocsin.clock import SystemClock
from tocsin.config.data_folder import database_in
from tocsin.demo.stage import MARK, Stage
from tocsin.services.embedded.data_folder import sole_owner
from tocsin.services.embedded.service import Embedded
from tocsin.services.embedded.wiring import DirectoryFiles, Stored, embedded_service
from tocsin.services.monitoring.health_file import HealthFile

SECRET = "a-secret-of-this-program"
ZOE, ADDRESS, NAME = "contact/ct-zoe", "zoe.martin@acme.example", "Zoé Martin"
WORDS = [b"zoe.martin", NAME.encode(), b"Zo\\u00e9 Martin", b"ct-zoe"]
TEXT = f"Please call {NAME} or write to {ADDRESS.upper()}."
OPTED_OUT = OptOutRequest(PersonKind.CONTACT, "ct-zoe", Channel.EMAIL, (Trigger.CLOSED,), "fr")


def run(*arguments: object, expect: int = 0, secret: str | None = SECRET) -> Result:
    env = {"TOCSIN_OPT_OUT_SECRETS": secret}
    result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False, env=env)
    assert result.exit_code == expect, result.output
    return result


class InstallationOfZoe:
    """A data folder, in which messages were sent about tickets that name Zoé."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data, self.directory, self.port = folder / "data", folder / "directory", port
        self.rules = folder / "rules" / "default.yaml"
        if not self.data.is_dir():
            shutil.copytree(DEFAULT_FILE.parent, folder / "rules", ignore=shutil.ignore_patterns("*.test.yaml"))
            self.data.mkdir()
        self.desk = Helpdesk()
        self.desk.contact("ct-zoe", "contract/C-7", name=NAME, modes=[mode(ADDRESS)])
        self.desk.contact("ct-other", "contract/C-7", name="Ines Roy", modes=[mode("ines@acme.example")])
        self.here = ["--data", str(self.data), "--directory", str(self.directory)]

    def emit(self, *events: dict[str, Any] | bytes) -> None:
        values = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in events]
        with closing(SqliteLog(database_in(self.data))) as log:
            log.append([NewRecord(TICKETS, b"k", value) for value in values], datetime.now(UTC))

    def post(self) -> None:
        """A helpdesk posts a ticket that names her, and alerts nobody with it."""
        now = datetime.now(UTC)
        told = Observation(source="/desk", ticket=whole(external_description=TEXT), time=now, notify=False)
        with closing(SqliteTicketStates(database_in(self.data))) as states:
            event = event_id("/desk", "d-1")
            states.take(ticket_key(told), event, lambda state: judge(told, state, "d-1", now), now)

    def collect(self) -> None:
        """Helpdesks are to be told of her messages, with her name and address."""
        endpoints = [
            an_endpoint("jobs", personal_data=True),
            an_endpoint("sums", tell=Tell.TICKETS, personal_data=True),
        ]
        with (
            closing(SqliteOutcomePosts(database_in(self.data))) as posts,
            closing(SqliteLog(database_in(self.data))) as log,
        ):
            records = [NewRecord(OUTCOMES, one.key, one.value) for one in log.read(OUTCOMES)]
            Collector(endpoints, posts, posts, SystemClock()).collect(records)

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Embedded]:
        write_directory(self.directory, self.desk)
        mail = mail_by(f"{HOST}:{self.port}")
        mail = type(mail)(mail.relay, mail.identity, mail.texts, OptOut(None, None, (SECRET,)), mail.fax_subject)
        health = HealthFile(self.data)
        async with embedded_service(
            Stored(database_in(self.data)), DirectoryFiles(self.directory, removes_many=True), self.rules, mail, health
        ) as made:
            yield made

    async def drain(self) -> dict[State, int]:
        async with self.service() as service:
            await service.drain()
            return {state: number for state, number in service.ledger.counts().items() if number}

    def suppress(self) -> None:
        now = datetime.now(UTC)
        dead = SuppressionRecord(f"email/{ADDRESS}", Channel.EMAIL, ADDRESS, triggers=["resolved"], reason="dead")
        with closing(SqliteLedger(database_in(self.data))) as ledger:
            ledger.suppress([*OPTED_OUT.records(now), dead], now)

    def leave(self) -> None:
        """The platform removes her."""
        del self.desk.records["contact", "ct-zoe"]
        self.desk.records["contract", "C-7"]["contacts"].remove("ct-zoe")
        self.read_directory()

    def leave_copies(self) -> None:
        """`up` has read the directory without her."""
        self.desk.records["contract", "C-7"]["contacts"].remove("ct-zoe")
        self.read_directory()

    def read_directory(self) -> None:
        """As `up` reads it: it keeps copies of the files."""
        write_directory(self.directory, self.desk)
        kept = KeptFiles(self.data / KEPT, self.directory)
        FolderDirectory(self.directory, kept, lambda _: None, removes_many=True).current()

    def found(self) -> dict[str, list[bytes]]:
        """The words that can be found, in whatever file of the data folder, and in each of its indexes and logs."""
        return found_in(self.data)


def mode(address: str) -> dict[str, Any]:
    return {"channel": "email", "address": address, "active": True}


def found_in(folder: Path) -> dict[str, list[bytes]]:
    files = {file: file.read_bytes().lower() for file in folder.rglob("*") if file.is_file()}
    found = {str(file): [word for word in WORDS if word.lower() in content] for file, content in files.items()}
    return {file: words for file, words in found.items() if words}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all was done once, to be copied."""
    folder = tmp_path_factory.mktemp("program")
    own = {"kind": "contact", "id": "ct-zoe", "email": ADDRESS}
    event = created(2)
    letter = json.dumps({"id": "E-bad", "who": ADDRESS}, ensure_ascii=False)[:-1].encode()

    async def fill() -> None:
        async with Mailbox(tmp_path_factory.mktemp("mail")) as mailbox:
            program = InstallationOfZoe(folder, mailbox.port)
            program.emit(
                created(1, external_description=TEXT), {**event, "data": {**event["data"], "actor": own}}, letter
            )
            program.suppress()
            program.post()
            await program.drain()
            program.collect()

    asyncio.run(fill())
    return folder


@pytest.fixture
def program(finished: Path, tmp_path: Path) -> InstallationOfZoe:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    made = InstallationOfZoe(tmp_path, 9)
    made.read_directory()
    return made


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_export_has_all_that_is_kept(program: InstallationOfZoe) -> None:
    exported = lines(run("person", "export", ZOE, *program.here))
    schema = Draft202012Validator(json.loads((FOLDER / "person-export.schema.json").read_text()))
    assert [error.message for line in exported for error in schema.iter_errors(line)] == []
    assert exported[0]["addresses"] == [ADDRESS]
    counts = exported[-1]["counts"]
    assert {name: counts[name] for name in ("directory", "job", "suppression")} == {
        "directory": 1,
        "job": 2,
        "suppression": 2,
    }
    assert {line["table"] for line in exported if line["part"] == "post"} == {
        "ticket_states",
        "deliveries",
        "outcome_posts",
        "outcome_parts",
    }
    topics = {line["topic"] for line in exported if line["part"] == "record"}
    assert topics == {
        "helpdesk.tickets",
        "tocsin.jobs",
        "tocsin.decisions",
        "tocsin.outcomes",
        "tocsin.dead-letters",
        "tocsin.suppressions",
    }
    decisions = [json.loads(one["value"]) for one in exported if one.get("topic") == "tocsin.decisions"]
    assert {job["person"]["id"] for one in decisions for job in one["jobs"]} == {"ct-zoe"}
    of_history = [json.loads(one["value"]) for one in exported if one.get("table") == "decisions"]
    assert of_history == decisions[::-1]
    [job, _] = [one for one in exported if one["part"] == "job"]
    assert [change["transition"] for change in job["changes"]] == ["accepted", "claimed", "delivered"]


def test_an_export_goes_into_a_new_file_for_its_owner_alone(program: InstallationOfZoe, tmp_path: Path) -> None:
    out, link = tmp_path / "zoe.jsonl", tmp_path / "link.jsonl"
    run("person", "export", ZOE, *program.here, "--out", out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text().splitlines()[-1])["part"] == "end"
    link.symlink_to(tmp_path / "elsewhere.jsonl")
    for there in (out, link):
        before = out.read_text()
        assert "not overwritten" in run("person", "export", ZOE, *program.here, "--out", there, expect=1).output
        assert out.read_text() == before
    assert not (tmp_path / "elsewhere.jsonl").exists()


def test_nothing_is_left_of_somebody_who_was_forgotten(program: InstallationOfZoe) -> None:
    before = program.found()
    assert {word for words in before.values() for word in words} >= {WORDS[0], WORDS[1], WORDS[3]}, "the control"
    program.leave()
    counts = run("jobs", "list", *program.here[:2], "--json").stdout.count('"job"')
    decided = run("explain", "T-1", "--details", *program.here[:2]).stdout
    assert ZOE in decided
    run("person", "forget", ZOE, *program.here, "--reason", "she asked", "--yes")
    assert program.found() == {}
    assert run("jobs", "list", *program.here[:2], "--json").stdout.count('"job"') == counts
    explained = run("explain", "T-1", "--details", *program.here[:2]).stdout
    assert ("contact/(forgotten) by email: opened" in explained, ZOE in explained) == (True, False)
    assert "250 2.0.0" in explained, "of others it is still told what became of their messages"
    [said] = run("person", "forgotten", *program.here[:2]).stdout.splitlines()
    assert "she asked" in said
    again = ("person", "forget", ZOE, *program.here, "--reason", "again")
    assert "was forgotten at" in run(*again, expect=1).output
    run(*again, "--yes")
    assert len(run("person", "forgotten", *program.here[:2]).stdout.splitlines()) == 1, "there was nothing to do"
    assert (
        "nothing is kept"
        in run("person", "forget", "contact/ct-nobody", *program.here, "--reason", "x", expect=1).output
    )


async def test_what_they_asked_for_holds_when_the_mailbox_comes_again(program: InstallationOfZoe) -> None:
    program.leave()
    run("person", "forget", ZOE, *program.here, "--reason", "she asked", "--yes")
    program.desk.contact("ct-new", "contract/C-7", modes=[mode(ADDRESS.title())])
    # Of another id, so that only the mailbox tells: closed is what she did not want, opened she never minded.
    closed = created(7, closed_for_customer=True)
    closed["data"]["previous"] = {"closed_for_customer": False}
    program.emit(created(6), closed)
    async with program.service() as service:
        service.decide_batch(0)
    with closing(SqliteLog(database_in(program.data))) as log:
        jobs = [json.loads(record.value or b"") for record in log.read(JOBS)]
        [*_, decision] = [json.loads(record.value or b"") for record in log.read(DECISIONS)]
    told = {(one["ticket"], one["person"]["id"]) for one in jobs}
    assert {("T-6", "ct-new"), ("T-6", "ct-other"), ("T-7", "ct-other")} <= told
    assert ("T-7", "ct-new") not in told
    assert [(one["person"]["id"], one["reason"]) for one in decision["skipped"]] == [("ct-new", "suppressed")]


async def test_what_waits_for_them_does_not_go_out(program: InstallationOfZoe, tmp_path: Path) -> None:
    program.emit(created(8))
    async with Mailbox(tmp_path / "mail") as mailbox:
        program.port = mailbox.port
        async with program.service() as service:
            service.decide_batch(0)
            # Its jobs lie in the log, and no sender has taken them in yet.
            assert "T-8" not in {one["ticket"] for one in map(json.loads, listed(program))}
            result = run("person", "forget", ZOE, *program.here, "--reason", "she asked", "--yes")
            assert "1 of them withdrawn" in result.output
            await service.drain()
        assert [one.recipients for one in mailbox.received] == [("ines@acme.example",)]
    states = [(one["person"], one["state"]) for one in map(json.loads, listed(program)) if one["ticket"] == "T-8"]
    assert sorted(states) == [("contact/(forgotten)", "withdrawn"), ("contact/ct-other", "delivered")]


def listed(program: InstallationOfZoe) -> list[str]:
    return run("jobs", "list", *program.here[:2], "--json").stdout.splitlines()


def test_it_is_done_beside_a_service_at_work(program: InstallationOfZoe) -> None:
    program.leave()
    with sole_owner(program.data):
        result = run("person", "forget", ZOE, *program.here, "--reason", "she asked", "--yes")
        assert "`tocsin up` is at work" in result.output
        # What lifts the suppression is still to be read by it.
        assert program.found() == {str(database_in(program.data)): [b"zoe.martin", b"ct-zoe"]}
    with (
        closing(SqliteLedger(database_in(program.data))) as ledger,
        closing(SqliteLog(database_in(program.data))) as log,
    ):
        log.append([one.record for one in ledger.outbox(99)], datetime.now(UTC))
        ledger.published([one.id for one in ledger.outbox(99)])
        log.compact(SUPPRESSIONS, datetime.now(UTC) + timedelta(hours=1))
    erase_deleted(database_in(program.data))
    assert program.found() == {}


def test_what_could_not_be_written_anew_is_when_it_is_done_again(
    program: InstallationOfZoe, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.leave()
    monkeypatch.setattr("adapters.sqlite.erasing._TRIES", 2)
    command = ("person", "forget", ZOE, *program.here, "--reason", "she asked", "--yes")
    with closing(open_database(database_in(program.data))) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM jobs").fetchone()
        assert "forget again" in run(*command, expect=1).output
        assert program.found() != {}, "the control"
        reader.execute("ROLLBACK")
    run(*command)
    assert program.found() == {}


def test_where_it_was_cut_off_it_goes_on(program: InstallationOfZoe, monkeypatch: pytest.MonkeyPatch) -> None:
    program.leave()
    command = ("person", "forget", ZOE, *program.here, "--reason", "she asked", "--yes")
    blank, stops = SqliteLedger.blank, [*range(1, 4)]
    for stop in stops:
        calls = iter(range(1, 9))

        def cut(*arguments: Any, stop: int = stop, calls: Iterator[int] = calls) -> Any:
            done = blank(*arguments)
            if next(calls) == stop:
                raise KeyboardInterrupt
            return done

        with monkeypatch.context() as patch:
            patch.setattr(SqliteLedger, "blank", cut)
            with contextlib.suppress(KeyboardInterrupt, AssertionError):
                run(*command)
    run(*command)
    assert program.found() == {}
    assert run("person", "forgotten", *program.here[:2]).stdout.count("she asked") == 1


def test_what_others_have_too_is_left_to_them(program: InstallationOfZoe, tmp_path: Path) -> None:
    program.desk.contact("ct-second", "contract/C-7", modes=[mode(ADDRESS)])
    program.read_directory()
    out = run("person", "forget", ZOE, *program.here, "--reason", "she asked", "--yes").output
    assert "1 of their mailboxes are others' too" in out
    with closing(SqliteLedger(database_in(program.data))) as ledger:
        kept = {one.id: one.address for one in ledger.suppressions(9)}
    assert kept[f"email/{ADDRESS}"] == ADDRESS
    run("person", "forget", ZOE, *program.here[:2], "--reason", "x", expect=2)


def test_copies_of_the_directory_that_still_name_them_are_told(program: InstallationOfZoe) -> None:
    del program.desk.records["contact", "ct-zoe"]
    write_directory(program.directory, program.desk)
    command = ("person", "forget", ZOE, *program.here, "--reason", "she asked", "--yes")
    assert "copies of the directory's files in last-good-directory" in run(*command).output
    program.leave_copies()
    assert "copies" not in run(*command, "--address", ADDRESS).output


def test_an_id_that_is_no_text_is_refused() -> None:
    assert "not UTF-8" in run("person", "export", "contact/\udcff", "--data", "nowhere", expect=2).output


def test_mails_to_others_stay(program: InstallationOfZoe) -> None:
    mails = Stage(program.data).mails
    mails.mkdir()
    (program.data / MARK).touch()
    about = mails / "000001-ines.eml"
    about.write_bytes(f"To: ines@acme.example\r\nReply-To: {ADDRESS}\r\nSubject: of {ADDRESS}\r\n\r\n".encode())
    hers = mails / "000002-zoe.eml"
    hers.write_bytes(f"From: a@x.example\r\nTo: Zo <{ADDRESS.title()}>\r\n\r\nHello".encode())
    exported = lines(run("person", "export", ZOE, *program.here))
    assert [one["file"] for one in exported if one["part"] == "mail"] == [str(hers)]
    run("person", "forget", ZOE, *program.here, "--reason", "x", "--yes")
    assert (about.exists(), hers.exists()) == (True, False)
    os.mkfifo(mails / "000003.eml")
    assert "no regular file" in run("person", "export", ZOE, *program.here, expect=3).output


def test_it_is_said_when_no_mailbox_is_known(program: InstallationOfZoe) -> None:
    program.leave()
    person = SuppressionRecord("x", person="contact/ct-gone", reason="opted_out")
    with closing(SqliteLedger(database_in(program.data))) as ledger:
        ledger.suppress([person], datetime.now(UTC))
    command = ("person", "forget", "contact/ct-gone", *program.here, "--reason", "x", "--yes")
    assert "forget them again with --address" in run(*command).output
    assert "--address" not in run(*command, "--address", "gone@acme.example").output
    with closing(SqliteLedger(database_in(program.data))) as ledger:
        hashes = [one for one in ledger.suppressions(9) if one.reason == "opted_out" and one.hashes]
    assert sorted(bool(one.address_hash) for one in hashes) == [False, True]


def test_nothing_is_done_without_yes_or_without_a_secret(program: InstallationOfZoe) -> None:
    before = program.found()
    asked = ("person", "forget", ZOE, *program.here, "--reason", "she asked")
    assert "2 jobs, 2 suppressions" in run(*asked, expect=1).output
    assert "there is no secret" in run(*asked, "--yes", expect=5, secret=None).output
    for command in (asked, (*asked, "--yes"), ("person", "export", ZOE, *program.here)):
        assert "at least 16 characters" in run(*command, expect=5, secret="short").output
    assert {file: words for file, words in program.found().items() if file in before} == before


@pytest.mark.postgres
@pytest.mark.kafka
def test_on_kafka_it_is_said_what_stays_and_until_when(cluster: Cluster, postgres_url: str, tmp_path: Path) -> None:
    create_topics(settings_of(cluster), partitions=2, replication=1)
    with closing(PostgresLedger(postgres_url)) as ledger:
        fill(ledger)
    cluster.append([NewRecord(DEAD_LETTERS, b"T-1", b'{"mail": "ZOE@acme.example"')])
    place = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--ledger", postgres_url]
    exported = lines(run("person", "export", "contact/ct-1", *place))
    assert exported[-1]["counts"]["job"] == 1
    assert [one["topic"] for one in exported if one["part"] == "record"] == [DEAD_LETTERS]
    before = set(words_in(postgres_url))
    assert {"zoe@acme.example", "ct-1"} <= before, "the control"
    result = run("person", "forget", "contact/ct-1", *place, "--reason", "she asked", "--yes")
    assert "tocsin.dead-letters can't be changed: it keeps records for 14 days" in result.output
    assert "VACUUM" in result.output
    assert set(words_in(postgres_url)) == set()


def words_in(url: str) -> Iterator[str]:
    """The words of ct-1 in whatever table of the database."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            columns = connection.execute(SQL("SELECT * FROM {}").format(Identifier(table))).fetchall()
            text = "\n".join(
                one.decode(errors="replace") if isinstance(one, bytes) else str(one) for row in columns for one in row
            )
            # The tombstone of her suppression waits for its publisher under its key.
            yield from (word for word in ("zoe@acme.example", "ct-1") if word in text and table != "outbox")
