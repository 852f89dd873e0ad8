"""`tocsin up --http` serves the console: a link signs the first person in, once; commands manage the others."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from typer.testing import CliRunner

from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory
from tests.support.mail.mailbox_thread import mailbox_in
from tocsin.cli.app import app

PASSWORD = "a long password of the tests"


def a_free_address() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def up(folder: Path, **more: str) -> Iterator[tuple[httpx.Client, list[str]]]:
    """A client of a service that is up, and what it printed."""
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    directory, address = write_directory(folder / "directory", desk), a_free_address()
    tocsin = Path(sys.executable).with_name("tocsin")
    told: list[str | Path] = [tocsin, "up", "--data", folder / "data", "--directory", directory]
    told += ["--from", "a@desk.example"]
    environment = {**os.environ, "TOCSIN_HTTP_TOKEN": "a-token-of-the-tests", **more}
    with (
        httpx.Client(base_url=f"http://{address}", headers={"Accept-Language": "en"}, timeout=30) as client,
        (folder / "said").open("w+") as said,
        subprocess.Popen(
            [*told, "--tls", "none", "--http", address], env=environment, stdout=said, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stderr is not None
        assert next(line for line in process.stderr if '"up"' in line)
        try:
            yield client, (folder / "said").read_text().splitlines()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def sent(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    return client.post(path, data=form, headers={"Origin": str(client.base_url).rstrip("/")})


def console(folder: Path, *words: str) -> list[str]:
    result = CliRunner().invoke(app, ["console", *words, "--data", str(folder / "data")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_the_first_person_signs_in_by_the_link_that_is_printed_and_adds_others(tmp_path: Path) -> None:
    with up(tmp_path) as (client, said):
        [line] = [one for one in said if one.startswith("console: ")]
        link = re.search(r"http://\S+", line)
        assert link is not None
        assert client.get("/console").headers["Location"].startswith("/console/sign-in")
        assert "Who are you?" in client.get(link[0]).text
        assert sent(client, link[0], name="Ada", password=PASSWORD).status_code == 303
        assert "Do alerts go out?" in client.get("/console").text
        assert [client.get(f"/console/{page}").status_code for page in ("messages", "tickets", "me")] == [200] * 3

        [path] = console(tmp_path, "user", "add", "Zoe", "--role", "agent", "--customer", "acme")
        with httpx.Client(base_url=client.base_url) as hers:
            assert sent(hers, path, password=PASSWORD).status_code == 303
            assert hers.get("/console/messages").status_code == 200
            console(tmp_path, "user", "disable", "zoe")
            assert hers.get("/console/messages").status_code == 303
        assert "ada  admin  all customers  can sign in" in console(tmp_path, "user", "list")
        assert "zoe  agent  acme  disabled" in console(tmp_path, "user", "list")
        noted = "\n".join(console(tmp_path, "journal"))
        assert all(one in noted for one in ("signed_in", "account_added", "account_disabled", "127.0.0.1"))
    with up(tmp_path) as (client, said):
        assert said == []
        assert client.get(httpx.URL(link[0]).path).status_code == 404


def test_it_can_be_left_out(tmp_path: Path) -> None:
    with up(tmp_path, TOCSIN_CONSOLE="off") as (client, said):
        assert said == []
        assert client.get("/console").status_code == 404
        assert client.get("/livez").status_code == 200


def acted(client: httpx.Client, act: str, *jobs: str) -> str:
    """What the console says after an operator has confirmed an act."""
    page = client.get("/console/act", params={"act": act, "job": jobs}).text
    token = re.search(r'name="form" value="([0-9a-f]+)"', page)
    assert token is not None
    form = {
        "form": token[1],
        "act": act,
        "reason": "as asked",
        "seen": re.findall(r'name="seen" value="([^"]*)"', page),
    }
    headers = {"Origin": str(client.base_url).rstrip("/")}
    return client.post("/console/act", data=form, headers=headers).text


def jobs_in(client: httpx.Client, state: str, number: int) -> list[str]:
    """The ids of the messages in a state, once there are so many."""
    deadline, found = time.monotonic() + 30, list[str]()
    while time.monotonic() < deadline:
        found = re.findall(r'name="job" value="([^"]+)"', client.get("/console/messages", params={"state": state}).text)
        if len(found) == number:
            return found
        time.sleep(0.1)
    raise AssertionError(f"there are {len(found)} messages in {state}")


def test_an_operator_decides_what_the_sender_at_work_sends(tmp_path: Path) -> None:
    mails = tmp_path / "mail"
    with mailbox_in(mails) as port, up(tmp_path, TOCSIN_SMTP=f"127.0.0.1:{port}") as (client, said):
        link = re.search(r"http://\S+", said[0])
        assert link is not None
        sent(client, link[0], name="Ada", password=PASSWORD)
        paused = CliRunner().invoke(app, ["pause", "--customer", "acme", "--data", str(tmp_path / "data")])
        assert paused.exit_code == 0, paused.output
        for number in (1, 2):
            headers = {"Authorization": "Bearer a-token-of-the-tests", "Content-Type": "application/cloudevents+json"}
            assert client.post("/v1/events", headers=headers, json=created(number)).status_code == 202
        one, other = jobs_in(client, "held", 2)
        letter = client.get(f"/console/messages/{one}/letter")
        assert "Invoices do not print" in letter.text
        assert "The template fails" not in letter.text
        assert client.get(f"/console/messages/{one}/letter/html").status_code == 200
        assert "Done: 1 message." in acted(client, "cancel", one)
        assert "Done: 1 message." in acted(client, "release", other)
        assert jobs_in(client, "delivered", 1) == [other]
        assert jobs_in(client, "cancelled", 1) == [one]
        assert len([*mails.iterdir()]) == 1
        assert "Done: 1 message." in acted(client, "resend", one)
        assert "Done: 1 message." in acted(client, "release", *jobs_in(client, "held", 1))
        assert set(jobs_in(client, "delivered", 2)) == {one, other}
        assert "These stay as they are" in client.get("/console/act", params={"act": "resend", "job": one}).text
        assert len([*mails.iterdir()]) == 2
    noted = "\n".join(console(tmp_path, "journal"))
    assert [noted.count(f"message_{one}") for one in ("cancelled", "released", "resent")] == [1, 2, 1]
