"""Engine and sender together on one file: from the event to the message in a mailbox."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import pytest

from adapters.mailbox.mailbox import HOST, Mailbox
from adapters.rule_files.load import DEFAULT_FILE
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.history import SqliteHistory
from adapters.yaml_files.faults import FaultyFileError
from history.ports import Choice
from schemas.decision import DecisionRecord
from schemas.job import PersonRef
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, TICKETS
from schemas.vocabulary import PersonKind, Reason
from sender.states import State
from tests.faults.engines import until
from tests.support.helpdesk.events import Helpdesk, envelope
from tests.support.helpdesk.files import created, write_directory
from tests.support.settings.environments import mail_by
from tocsin.services.embedded.data_folder import FolderInUseError, sole_owner
from tocsin.services.embedded.service import Embedded, EmbeddedMonitor
from tocsin.services.embedded.wiring import DirectoryFiles, Stored, embedded_service
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.monitoring.health_file import HealthFile
from tocsin.services.reload import checked_rules


class EmbeddedInstallation:
    """A data folder, a directory, rules, and a mailbox into which everything is sent."""

    def __init__(self, folder: Path, mailbox: Mailbox) -> None:
        self.folder = folder
        self.mailbox = mailbox
        self.desk = Helpdesk()
        self.rules = folder / "rules" / "default.yaml"
        # The tests of the default rules would refuse the changes that are made here.
        shutil.copytree(DEFAULT_FILE.parent, folder / "rules", ignore=shutil.ignore_patterns("*.test.yaml"))
        self.database = folder / "tocsin.db"

    def emit(self, *events: dict[str, Any] | bytes) -> None:
        log = SqliteLog(self.database)
        values = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
        log.append([NewRecord(TICKETS, b"k", value) for value in values], datetime.now(UTC))
        log.close()

    @asynccontextmanager
    async def service(self, monitor: EmbeddedMonitor | None = None) -> AsyncIterator[Embedded]:
        directory = write_directory(self.folder / "directory", self.desk)
        relay = f"{HOST}:{self.mailbox.port}"
        mail = mail_by(relay, {"TOCSIN_FAX": "{number}@fax.example"})
        health = HealthFile(self.folder)
        async with embedded_service(
            Stored(self.database), DirectoryFiles(directory), self.rules, mail, health, monitor=monitor
        ) as service:
            yield service

    async def run(self, *events: dict[str, Any] | bytes) -> Embedded:
        self.emit(*events)
        async with self.service() as service:
            await service.drain()
        return service

    def mails(self) -> list[EmailMessage]:
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(received.path.read_bytes()) for received in self.mailbox.received]

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails()]

    def letters(self) -> list[bytes | None]:
        log = SqliteLog(self.database)
        found = [record.value for record in log.read(DEAD_LETTERS)]
        log.close()
        return found

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "health.json").read_text())
        return found


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed rules are waited for until they are checked, however busy the machine is."""
    monkeypatch.setattr(checked_rules, "PATIENCE", 60.0)


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[EmbeddedInstallation]:
    async with Mailbox(tmp_path / "mail") as mailbox:
        program = EmbeddedInstallation(tmp_path, mailbox)
        program.desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
        yield program


def later(number: int, ticket: int, previous: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A further save of a ticket that was created."""
    event = created(ticket, **fields)
    event["data"]["previous"] = previous
    return {**event, "id": f"E-later-{number}"}


async def test_a_save_becomes_a_message(program: EmbeddedInstallation) -> None:
    await program.run(created(1))
    (mail,) = program.mails()
    assert mail["Subject"] == "[Opened] 2026-1: Invoices do not print"
    assert (mail["To"], mail["From"]) == ("Zoé Martin <ct-1@acme.example>", "Support <support@desk.example>")
    assert "Since this morning nothing prints." in str(mail.get_body(("plain",)))


async def test_what_was_decided_is_found_by_ticket_person_and_title(program: EmbeddedInstallation) -> None:
    await program.run(created(1, title="Éditions illisibles"), b"no event", created(2, contract=None))
    with closing(SqliteLog(program.database)) as log, closing(SqliteHistory(program.database)) as history:
        logged = [msgspec.json.decode(one.value or b"", type=DecisionRecord) for one in log.read(DECISIONS)]
        assert [one.decision for one in history.decisions(Choice(), 10)] == logged[::-1]
        told = history.decisions(Choice(person=PersonRef(PersonKind.CONTACT, "ct-1"), told=True), 10)
        assert [(one.decision.ticket, one.decision.customer) for one in told] == [("T-1", "acme")]
        assert [one.id for one in history.tickets_with("edition", 10).items] == ["T-1"]
        assert [one.id for one in history.tickets_named("2026-2", 10)] == ["T-2"]
        [kept] = history.decisions(Choice(reason=Reason.NO_TRIGGER), 10)
        assert kept.decision.ticket == "T-2"


async def test_a_history_that_can_not_be_kept_stops_nothing(
    program: EmbeddedInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(SqliteHistory, "fill", fails)
        await program.run(created(1))
    assert len(program.mails()) == 1
    await program.run()
    with closing(SqliteHistory(program.database)) as history:
        assert len(history.decisions(Choice(), 10)) == 1


async def test_an_event_delivered_twice_is_one_message(program: EmbeddedInstallation) -> None:
    await program.run(created(1), created(1))
    await program.run(created(1))
    assert len(program.mails()) == 1


async def test_two_saves_in_one_second_are_two_messages_in_order_and_one_thread(
    program: EmbeddedInstallation,
) -> None:
    second = later(2, 1, {"resolution_marked": False}, resolution_marked=True)
    await program.run(created(1), second, created(2))
    by_ticket = sorted(program.mails(), key=lambda mail: str(mail["Subject"]).split()[1])
    first, resolved, other = by_ticket
    assert [str(mail["Subject"]).split()[0] for mail in by_ticket] == ["[Opened]", "[Resolved]", "[Opened]"]
    threads = [set(str(mail["References"]).split()) for mail in (first, resolved, other)]
    assert threads[0] & threads[1]
    assert not threads[0] & threads[2]


async def test_a_description_emptied_and_written_again_opens_once(program: EmbeddedInstallation) -> None:
    emptied = later(2, 1, {"external_description": "x"}, external_description="")
    again = later(3, 1, {"external_description": ""})
    await program.run(created(1), emptied, again)
    assert program.subjects() == ["[Opened] 2026-1: Invoices do not print"]


async def test_written_again_together_with_a_status_change_tells_of_that(program: EmbeddedInstallation) -> None:
    program.desk.contact("ct-2", "contract/C-7", alerts=["opened"])
    await program.run(created(1), later(2, 1, {"external_description": "", "status": "new"}))
    told = [(str(mail["To"]).split("@")[0].split("<")[-1], str(mail["Subject"]).split()[0]) for mail in program.mails()]
    assert sorted(told) == [("ct-1", "[Opened]"), ("ct-1", "[Status]"), ("ct-2", "[Opened]")]


async def test_a_save_that_opens_and_resolves_has_opened_the_ticket(program: EmbeddedInstallation) -> None:
    both = created(1, resolution_marked=True)
    await program.run(both, later(2, 1, {"external_description": ""}, resolution_marked=True))
    assert program.subjects() == ["[Resolved] 2026-1: Invoices do not print"]


async def test_tickets_of_two_platforms_never_meet(program: EmbeddedInstallation) -> None:
    await program.run(created(1), {**created(1), "source": "/other"})
    first, second = program.mails()
    assert first["Message-ID"] != second["Message-ID"]
    assert not set(str(first["References"]).split()) & set(str(second["References"]).split())


async def test_poison_is_dead_lettered_and_the_rest_goes_out(program: EmbeddedInstallation) -> None:
    poison = [b"\xff", b"", b"[" * 10_000, b'{"specversion": NaN}', json.dumps(created(8)).encode()[:-9]]
    await program.run(
        *poison, created(1), {**created(2), "data": envelope({"contract": "C-99"}, {"previous": None})["data"]}
    )
    assert program.letters()[: len(poison)] == poison
    assert len(program.letters()) == len(poison) + 1
    assert program.subjects() == ["[Opened] 2026-1: Invoices do not print"]


async def test_rules_saved_with_a_mistake_change_nothing_and_are_named(program: EmbeddedInstallation) -> None:
    async with program.service() as service:
        program.emit(created(1))
        await service.drain()
        good = program.health()
        text = program.rules.read_text()
        program.rules.write_text(text + "  - {rule: x, for: nothing\n")
        program.emit(created(2))
        await service.drain()
        bad = program.health()
        program.rules.write_text(text.replace("[Opened]", "[New]"))
        program.emit(created(3))
        await service.drain()
    assert [subject.split()[0] for subject in program.subjects()] == ["[Opened]", "[Opened]", "[New]"]
    assert (good["faults"], bad["rulebook"], bad["rule_refusals"]) == ([], good["rulebook"], 1)
    assert "default.yaml:" in bad["faults"][0]
    assert program.health()["faults"] == []
    assert program.health()["rulebook"] != good["rulebook"]


async def test_rules_that_fail_the_tests_beside_them_change_nothing(program: EmbeddedInstallation) -> None:
    async with program.service() as service:
        text = program.rules.read_text()
        shutil.copy(DEFAULT_FILE.with_name("default.test.yaml"), program.rules.parent)
        program.rules.write_text(text.replace("[Opened]", "[New]"))
        program.emit(created(1))
        await service.drain()
    assert program.subjects()[0].startswith("[Opened]")
    assert "expected `[Opened]`" in program.health()["faults"][0]
    assert program.health()["reloads"]["refused"] == 1


async def test_a_template_saved_with_a_mistake_never_replaces_a_good_one(program: EmbeddedInstallation) -> None:
    template = program.folder / "rules" / "templates" / "external" / "opened.en.txt.j2"
    async with program.service() as service:
        template.write_text("{% if %}")
        program.emit(created(1))
        await service.drain()
    assert "Invoices do not print" in str(program.mails()[0].get_body(("plain",)))
    assert "opened.en.txt.j2" in program.health()["faults"][0]


async def test_it_does_not_start_on_rules_with_a_mistake(program: EmbeddedInstallation) -> None:
    program.rules.write_text("rules: [")
    with pytest.raises(FaultyFileError):
        await program.run(created(1))


async def test_a_changed_directory_counts_from_the_next_batch(program: EmbeddedInstallation) -> None:
    async with program.service() as service:
        program.emit(created(1))
        await service.drain()
        program.desk.contact("ct-1", modes=[{"channel": "email", "address": "new@acme.example", "active": True}])
        write_directory(program.folder / "directory", program.desk)
        program.emit(created(2))
        await service.drain()
    assert [received.recipients[0] for received in program.mailbox.received] == [
        "ct-1@acme.example",
        "new@acme.example",
    ]


async def test_it_runs_until_it_is_stopped(program: EmbeddedInstallation) -> None:
    stop = Stop()
    async with program.service() as service:
        running = asyncio.create_task(service.run(stop))
        program.emit(created(1))
        await program.mailbox.wait_for(1)
        program.emit(created(2))
        await program.mailbox.wait_for(2)
        stop.request("the test is over")
        await asyncio.wait_for(running, 20)
        assert service.ledger.counts()[State.DELIVERED] == 2


async def test_it_answers_probes_and_scrapes(program: EmbeddedInstallation) -> None:
    stop, monitor = Stop(), EmbeddedMonitor()
    wanted = {"tocsin_events_total 1.0", 'tocsin_job_changes_total{transition="delivered"} 1.0'}

    def get(path: str) -> tuple[int, str]:
        try:
            with urlopen(f"http://{HOST}:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    with monitor.answering((HOST, 0)) as port:
        reasons = "directory: not complete yet\nledger: not opened yet\nrules: none yet\n"
        assert await asyncio.to_thread(get, "/readyz") == (503, reasons)
        async with program.service(monitor) as service:
            running = asyncio.create_task(service.run(stop))
            program.emit(created(1))
            await program.mailbox.wait_for(1)
            await asyncio.to_thread(until, lambda: get("/readyz") == (200, "ok\n"), 20)
            await asyncio.to_thread(until, lambda: wanted <= set(get("/metrics")[1].splitlines()), 20)
            metrics = (await asyncio.to_thread(get, "/metrics"))[1].splitlines()
            stop.request("the test is over")
            await asyncio.wait_for(running, 20)
    loops = {line.partition('"')[2].partition('"')[0] for line in metrics if line.startswith("tocsin_loop_age")}
    assert loops >= {"decide", "accept", "deliver", "publish", "look_at_ledger"}
    assert monitor.vitals.running() == []


async def test_while_the_relay_is_down_jobs_wait_and_nothing_is_lost(program: EmbeddedInstallation) -> None:
    await program.mailbox.close()
    port = 1  # nothing listens there
    directory = write_directory(program.folder / "directory", program.desk)
    mail = mail_by(f"{HOST}:{port}")
    program.emit(created(1))
    async with embedded_service(
        Stored(program.database), DirectoryFiles(directory), program.rules, mail, HealthFile(program.folder)
    ) as service:
        await service.drain()
        assert service.ledger.counts()[State.QUEUED] == 1
        due = service.ledger.next_due()
        assert due is not None
        assert timedelta(seconds=5) < due - datetime.now(UTC) <= timedelta(seconds=10)
    await program.mailbox.start()


async def test_jobs_are_in_the_log_with_the_digest_of_the_rules(program: EmbeddedInstallation) -> None:
    await program.run(created(1))
    log = SqliteLog(program.database)
    (job,) = [json.loads(record.value or b"") for record in log.read(JOBS)]
    log.close()
    assert job["rulebook"] == program.health()["rulebook"]


def test_a_second_process_on_the_folder_is_refused(tmp_path: Path) -> None:
    with sole_owner(tmp_path), pytest.raises(FolderInUseError, match="another"), sole_owner(tmp_path):
        pass
    with sole_owner(tmp_path):
        pass


async def test_a_start_with_broken_rules_works_by_those_that_were_kept(program: EmbeddedInstallation) -> None:
    program.desk.contact("ct-1", "contract/C-7")
    await program.run(created(1))
    program.rules.write_text(program.rules.read_text() + "\t- what is this\n")
    monitor = EmbeddedMonitor()
    program.emit(created(2))
    async with program.service(monitor) as service:
        await service.drain()
    assert len(program.mailbox.received) == 2
    assert not [reason for reason in monitor.vitals.reasons() if reason.startswith("rules")]
    health = json.loads((program.folder / "health.json").read_text())
    assert health["kept_since"] is not None
    assert str(program.rules) in health["faults"][0]
