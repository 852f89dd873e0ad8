"""`tocsin up --outcomes`: the helpdesk learns who was told, also where it was away, and whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.mailbox.mailbox import HOST
from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.faults.engines import until
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory
from tests.support.http.receivers import OLD_SECRET, SECRET, Answering, Receiver, await_posts, receiving
from tests.support.mail.mailbox_thread import mailbox_in
from tocsin.cli.app import app
from tocsin.cli.console import WRONG_SETTINGS


def write_endpoints(folder: Path, receiver: Receiver, more: str = "") -> Path:
    file = folder / "outcomes.yaml"
    file.write_text(f"endpoints:\n- name: desk\n  url: {receiver.url}\n{more}")
    return file


def emit(folder: Path, *events: dict[str, Any]) -> None:
    (folder / "data").mkdir(exist_ok=True)
    with closing(SqliteLog(folder / "data" / "tocsin.db")) as log:
        log.append([NewRecord(TICKETS, b"k", json.dumps(one).encode()) for one in events], datetime.now(UTC))


def command(folder: Path, port: int, *options: str) -> list[str]:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
    directory = write_directory(folder / "directory", desk)
    told = ["up", "--data", str(folder / "data"), "--directory", str(directory), "--from", "a@desk.example"]
    return [*told, "--tls", "none", "--smtp", f"{HOST}:{port}", "--storm-limit", "0", *options]


@contextmanager
def up(
    folder: Path, port: int, *options: str, end: signal.Signals = signal.SIGTERM, secrets: Path | None = None
) -> Iterator[None]:
    given = {"TOCSIN_OUTCOMES_SECRETS": f"desk={SECRET} desk={OLD_SECRET}"}
    if secrets is not None:
        given = {"TOCSIN_OUTCOMES_SECRETS_FILE": str(secrets)}
    environment = {**os.environ, **given}
    told = [sys.executable, "-c", "from tocsin.cli import main; main()", *command(folder, port, *options)]
    with (folder / "log").open("ab") as log, subprocess.Popen(told, env=environment, stderr=log) as process:
        try:
            yield
            process.send_signal(end)
            assert process.wait(30) == (0 if end is signal.SIGTERM else -end)
        finally:
            process.kill()


def test_the_helpdesk_is_told_of_each_message_and_names_nobody(tmp_path: Path) -> None:
    with mailbox_in(tmp_path / "mail") as port, receiving(Receiver([Answering(503)])) as receiver:
        file = write_endpoints(tmp_path, receiver)
        emit(tmp_path, created(1), created(2))
        with up(tmp_path, port, "--outcomes", str(file)):
            await_posts(receiver, 3, 60)
    first, *_ = receiver.received
    assert Counter(receiver.ids())[first.id] == 2
    assert set(receiver.types()) == {"job.delivered"}
    assert {one.body["data"]["ticket"]["id"] for one in receiver.received} == {"T-1", "T-2"}
    assert len(first.headers["webhook-signature"].split()) == 2
    assert "acme.example" not in json.dumps([one.body for one in receiver.received])
    assert "acme.example" not in (tmp_path / "log").read_text()


def test_a_save_is_told_in_one_post(tmp_path: Path) -> None:
    more = "  tell: tickets\n  settle_seconds: 1\n  personal_data: true\n"
    with mailbox_in(tmp_path / "mail") as port, receiving(Receiver()) as receiver:
        file = write_endpoints(tmp_path, receiver, more)
        emit(tmp_path, created(1))
        with up(tmp_path, port, "--outcomes", str(file)):
            await_posts(receiver, 1, 60)
    [one] = receiver.received
    data = one.body["data"]
    assert (one.body["type"], data["complete"], data["not_told"], data["waiting"]) == ("ticket.told", True, [], [])
    assert [job["person"]["name"] for job in data["told"]] == ["Zoé Martin"]


def test_endpoints_and_secrets_change_while_it_runs(tmp_path: Path) -> None:
    secrets, log = tmp_path / "secrets", tmp_path / "log"
    secrets.write_text(f"desk={SECRET}")
    desk, form = Receiver(), Receiver(secret=OLD_SECRET)
    with mailbox_in(tmp_path / "mail") as port, receiving(desk), receiving(form):
        file = write_endpoints(tmp_path, desk)
        emit(tmp_path, created(1))
        with up(tmp_path, port, "--outcomes", str(file), secrets=secrets):
            await_posts(desk, 1, 60)
            file.write_text(f"endpoints:\n- name: form\n  url: {form.url}\n")
            until(lambda: '"outcome_endpoints_refused"' in log.read_text(), 15)
            # Nothing was refused but the file: what was in force still is.
            emit(tmp_path, created(2))
            await_posts(desk, 2, 30)
            secrets.write_text(f"form={OLD_SECRET}")
            until(lambda: '"outcome_endpoints_in_force"' in log.read_text(), 15)
            emit(tmp_path, created(3))
            await_posts(form, 1, 30)
    assert [one.body["data"]["ticket"]["id"] for one in desk.received] == ["T-1", "T-2"]
    assert [one.body["data"]["ticket"]["id"] for one in form.received] == ["T-3"]
    assert SECRET[6:] not in log.read_text()


def test_settings_name_what_is_wrong_with_the_endpoints(tmp_path: Path) -> None:
    file = tmp_path / "outcomes.yaml"
    file.write_text("endpoints:\n- name: desk\n  url: ftp://desk.example/\n")
    given = {"TOCSIN_OUTCOMES_ENDPOINTS": str(file), "TOCSIN_OUTCOMES_SECRETS": f"desk={SECRET}"}
    result = CliRunner().invoke(app, ["settings"], env=given)
    assert result.exit_code == WRONG_SETTINGS
    assert f"{file}:3: this is no URL with http or https and a host" in result.output
    file.write_text("endpoints:\n- name: desk\n  url: https://desk.example/\n")
    result = CliRunner().invoke(app, ["settings"], env=given)
    assert (result.exit_code, "desk.example" in result.output) == (0, False)


def test_an_endpoint_that_hangs_holds_up_no_mail_and_no_stop(tmp_path: Path) -> None:
    with mailbox_in(tmp_path / "mail") as port, receiving(Receiver(rest=Answering(after=600))) as receiver:
        file = write_endpoints(tmp_path, receiver)
        emit(tmp_path, *(created(number) for number in range(10)))
        with up(tmp_path, port, "--outcomes", str(file)):
            await_posts(receiver, 1, 60)
            emit(tmp_path, *(created(number) for number in range(10, 30)))
            until(lambda: len(list((tmp_path / "mail").glob("*.eml"))) == 30, 15)
    # Its tries were not waited for, nor were they cut: the stop finished them, within its time.
    assert '"stopped"' in (tmp_path / "log").read_text()


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(1_200)])])
def test_kills_lose_no_post_and_change_no_id(tmp_path: Path, kills: int) -> None:
    """Each message has one id, by which a helpdesk knows a repeat; and of each ticket they come in order."""
    each = 25
    with mailbox_in(tmp_path / "mail") as port, receiving(Receiver()) as receiver:
        file = write_endpoints(tmp_path, receiver, "  states: [queued, delivered, failed, unknown]\n")
        for kill in range(kills):
            emit(tmp_path, *(created(kill * each + number) for number in range(each)))
            before = len(receiver.received)
            with up(tmp_path, port, "--outcomes", str(file), end=signal.SIGKILL):
                await_posts(receiver, before + 5 + kill % 7, 60)
        with up(tmp_path, port, "--outcomes", str(file)):
            expected = kills * each
            while len(jobs_told(receiver)) < expected:
                await_posts(receiver, len(receiver.received) + 1, 60)
    sequences: dict[str, list[int]] = {}
    for one in receiver.received:
        job = one.body["data"]["job"]
        sequences.setdefault(job["id"], []).append(job["sequence"])
    # What came first of each change came in order; what was killed between answer and record came twice.
    for heard in sequences.values():
        assert sorted(dict.fromkeys(heard)) == list(dict.fromkeys(heard))
    of_changes = {(one.body["data"]["job"]["id"], one.body["data"]["job"]["sequence"]) for one in receiver.received}
    assert len(set(receiver.ids())) == len(of_changes)


def jobs_told(receiver: Receiver) -> set[str]:
    """Jobs of which it was told that they were delivered, or that nobody knows."""
    ends = ("job.delivered", "job.unknown")
    return {one.body["data"]["job"]["id"] for one in list(receiver.received) if one.body["type"] in ends}


@pytest.mark.parametrize(
    ("entry", "secrets", "said"),
    [
        ("name: desk\n  url: ftp://desk.example/", f"desk={SECRET}", "this is no URL with http or https and a host"),
        ("name: desk\n  url: https://a:hunter2@desk.example/", f"desk={SECRET}", "a password has no place here"),
        ("name: desk\n  url: https://desk.example/#x", f"desk={SECRET}", "what stands behind # is never sent"),
        ("name: desk\n  url: https://déesk.example/", f"desk={SECRET}", "this is no URL"),
        ("name: desk\n  url: https://[::1/", f"desk={SECRET}", "this is no URL"),
        ("name: desk\n  url: https://desk.example/\n  states: [told]", f"desk={SECRET}", "told"),
        ("name: desk\n  url: https://desk.example/\n  tel: jobs", f"desk={SECRET}", "did you mean `tell`?"),
        ("name: desk\n  url: https://desk.example/", "", "it has no secret: give desk=whsec_…"),
        ("name: desk\n  url: https://desk.example/", f"desk={SECRET} dsk={SECRET}", "did you mean `desk`?"),
        ("name: desk\n  url: https://desk.example/", "desk=hunter2", "number 1 of what stands there is not ENDPOINT"),
        ("name: desk\n  url: https://desk.example/", SECRET, "number 1 of what stands there is not ENDPOINT"),
        ("name: desk\n  url: https://desk.example/\n  ca: none.pem", f"desk={SECRET}", "holds no certificates"),
    ],
)
def test_what_can_not_be_used_is_named_at_the_start(tmp_path: Path, entry: str, secrets: str, said: str) -> None:
    file = tmp_path / "outcomes.yaml"
    file.write_text(f"endpoints:\n- {entry}\n")
    told = command(tmp_path, 1, "--outcomes", str(file), "--drain")
    result = CliRunner().invoke(app, told, env={"TOCSIN_OUTCOMES_SECRETS": secrets})
    assert result.exit_code in (1, WRONG_SETTINGS)
    assert said in result.output
    assert "hunter2" not in result.output
    assert SECRET[6:] not in result.output
