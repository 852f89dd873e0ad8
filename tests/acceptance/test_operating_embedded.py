"""An operator beside a running `tocsin up`, from another process; and SMS and chats, from the event to the service."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.mailbox.mailbox import HOST, Mailbox
from adapters.rule_files.load import DEFAULT_FILE
from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.topics import DECISIONS, OUTCOMES, TICKETS
from sender.delivery_mode import DeliveryMode
from sender.states import State
from tests.support.helpdesk.events import Helpdesk, email
from tests.support.helpdesk.files import created, write_directory
from tests.support.http.peers import HttpPeer
from tests.support.mail.smtp_peers import At, Fault, FaultyPeer
from tests.support.settings.environments import mail_by
from tocsin.config.data_folder import database_in
from tocsin.config.wiring.sending import EVERYTHING, SendingSettings
from tocsin.services.embedded.service import Embedded
from tocsin.services.embedded.wiring import DirectoryFiles, Stored, embedded_service
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.monitoring.health_file import HealthFile

ON_HOLD = SendingSettings(mode=DeliveryMode.parse("hold", ["live-one"]))


class Place:
    """A data folder with rules and a directory, and the port of a relay."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.desk = folder, port, Helpdesk()
        shutil.copytree(DEFAULT_FILE.parent, folder / "rules")

    def emit(self, *events: dict[str, Any]) -> None:
        with closing(SqliteLog(database_in(self.folder))) as log:
            log.append([NewRecord(TICKETS, b"k", json.dumps(event).encode()) for event in events], datetime.now(UTC))

    def read(self, topic: str) -> list[dict[str, Any]]:
        with closing(SqliteLog(database_in(self.folder))) as log:
            return [json.loads(record.value or b"") for record in log.read(topic)]

    @asynccontextmanager
    async def service(self, sending: SendingSettings, environment: Mapping[str, str]) -> AsyncIterator[Embedded]:
        directory, rules = write_directory(self.folder / "directory", self.desk), self.folder / "rules" / "default.yaml"
        mail = mail_by(f"{HOST}:{self.port}", environment)
        health = HealthFile(self.folder)
        async with embedded_service(
            Stored(database_in(self.folder)), DirectoryFiles(directory), rules, mail, health, sending
        ) as service:
            yield service

    async def tocsin(self, *arguments: str) -> str:
        """What a command prints, run in a process of its own."""
        command = [sys.executable, "-c", "from tocsin.cli import main; main()", *arguments, "--data", str(self.folder)]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output.decode()


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    async with Mailbox(tmp_path / "mail") as mailbox:
        yield mailbox


@pytest.fixture
def place(mailbox: Mailbox, tmp_path: Path) -> Place:
    return Place(tmp_path, mailbox.port)


async def test_what_is_on_hold_is_released_from_another_process_while_the_sender_runs(
    place: Place, mailbox: Mailbox
) -> None:
    place.desk.contact("ct-1", "contract/C-7")
    stop = Stop()
    async with place.service(ON_HOLD, {}) as service:
        running = asyncio.create_task(service.run(stop))
        place.emit(created(1), created(2))
        while len(held := (await place.tocsin("jobs", "list", "--hold", "mode", "--json")).splitlines()) < 2:
            pass
        assert not mailbox.received
        chosen = min(map(json.loads, held), key=lambda one: str(one["ticket"]))
        assert "released" in await place.tocsin("jobs", "release", chosen["job"], "--reason", "a first try")
        await mailbox.wait_for(1)
        stop.request("the test is over")
        await asyncio.wait_for(running, 20)
        counts = service.ledger.counts()
    assert (counts[State.DELIVERED], counts[State.HELD]) == (1, 1)
    told = [(one["transition"], one["reply"]) for one in place.read(OUTCOMES) if one["job"] == chosen["job"]]
    assert [what for what, _ in told] == ["accepted", "held", "released", "delivered"]
    assert told[2] == ("released", "a first try")


async def test_a_person_gets_an_sms_and_a_chat_beside_the_mail(place: Place, mailbox: Mailbox) -> None:
    modes = [
        {"channel": "email", "address": "zoe@acme.example", "active": True},
        {"channel": "sms", "address": "+33 6 12 34 56 78", "active": True},
        {"channel": "chat", "address": "#support", "active": True},
    ]
    place.desk.contact("ct-1", "contract/C-7", name="Zoé Martin", modes=modes)
    async with HttpPeer() as peer:
        here = f"json://127.0.0.1:{peer.port}"
        services = {"TOCSIN_APPRISE_SMS": f"{here}/sms/{{address}}", "TOCSIN_APPRISE_CHAT": f"{here}/chat/{{address}}"}
        async with place.service(EVERYTHING, services) as service:
            place.emit(created(1))
            await service.drain()
            assert service.ledger.counts()[State.DELIVERED] == 3
    posted = {one.path: one.body for one in peer.posted}
    assert posted.keys() == {"sms/+33612345678", "chat/#support"}
    sms, chat = posted["sms/+33612345678"], posted["chat/#support"]
    assert (sms["title"], chat["title"]) == ("", "[Opened] 2026-1: Invoices do not print")
    assert sms["message"].startswith("Ticket 2026-1 opened - Invoices do not print")
    assert chat["message"].startswith("Ticket 2026-1 opened")
    assert len(mailbox.received) == 1


async def test_without_a_service_a_text_fails_by_name_and_the_mail_goes(place: Place) -> None:
    modes = [
        {"channel": "email", "address": "zoe@acme.example", "active": True},
        {"channel": "sms", "address": "+33 6 12 34 56 78", "active": True},
    ]
    place.desk.contact("ct-1", "contract/C-7", modes=modes)
    async with place.service(EVERYTHING, {}) as service:
        place.emit(created(1))
        await service.drain()
        counts = service.ledger.counts()
    assert (counts[State.DELIVERED], counts[State.FAILED]) == (1, 1)
    assert "no service is set up for the channel sms" in await place.tocsin("jobs", "list", "--state", "failed")


async def test_an_address_that_the_relay_says_is_dead_is_told_nothing_more_until_that_is_lifted(tmp_path: Path) -> None:
    dead = Fault(At.RCPT, "550 5.1.1 No such user", recipient="zoe@acme.example")
    async with FaultyPeer([dead]) as peer:
        place = Place(tmp_path, peer.port)
        place.desk.contact("ct-1", "contract/C-7", modes=[email("zoe@acme.example")])
        place.desk.contact("ct-2", "contract/C-7", modes=[email("lea@acme.example")])

        async def decided(ticket: int) -> tuple[set[str], set[tuple[str, str]]]:
            """Who is alerted by a new ticket, and who is not, and why."""
            place.emit(created(ticket))
            async with place.service(EVERYTHING, {}) as service:
                await service.drain()
            decision = place.read(DECISIONS)[-1]
            skipped = {(skip["person"]["id"], skip["reason"]) for skip in decision["skipped"] if skip["person"]}
            return {job["person"]["id"] for job in decision["jobs"]}, skipped

        assert await decided(1) == ({"ct-1", "ct-2"}, set())
        assert await decided(2) == ({"ct-2"}, {("ct-1", "suppressed")})
        await place.tocsin("suppressions", "lift", "email/zoe@acme.example")
        async with place.service(EVERYTHING, {}) as service:
            await service.drain()
        assert await decided(3) == ({"ct-1", "ct-2"}, set())
    assert [taken.recipient for taken in peer.taken] == ["lea@acme.example"] * 3
    assert len([command for command in peer.commands if command.startswith("RCPT TO:<zoe")]) == 2
