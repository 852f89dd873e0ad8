"""`tocsin up --http` serves the console: a link signs the first person in, once; commands manage the others."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from typer.testing import CliRunner

from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import write_directory
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
