"""A helpdesk whose every private word can be recognised, and the lines that its services write."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.helpdesk.events import Helpdesk, email, fax
from tests.support.helpdesk.files import created
from tests.support.mail.smtp_certificates import authority, server_context
from tests.support.mail.smtp_peers import DISCONNECT, At, Fault, FaultyPeer

SECRET = "s3cr3t-zeta-password"
NUMBER = "+33155550123"
PRIVATE = re.compile(r"zeta|s3cr3t|1\W{0,3}55\W{0,3}55\W{0,3}01", re.IGNORECASE)
"""What stands in addresses, names, texts and secrets of this helpdesk, and nowhere else."""

TEXTS = {
    "title": "Zeta title",
    "external_description": "Zeta description, call me at +33 1 55 55 01 23",
    "internal_notes": "Zeta notes",
}

PROGRAM = """
import os
import adapters.writing.composer, engine.consumer, sender.acceptance, sender.delivery.log_lines, tocsin.logs.redaction
faults = os.environ.get("FAULTS", "").split()
composer = adapters.writing.composer.ChildComposer
decide, compose, ids = engine.consumer.decide_all, composer.compose, sender.delivery.log_lines._ids

def decide_or_fail(pairs, *more):
    for event, _now in pairs:
        if event.id == "E-crash":
            raise ValueError(event.ticket.title)
    return decide(pairs, *more)

def compose_or_fail(self, job, *more):
    if job.event == "E-unwritten":
        raise KeyError(job.address)
    return compose(self, job, *more)

engine.consumer.decide_all = decide_or_fail
composer.compose = compose_or_fail
if "careless" in faults:
    sender.delivery.log_lines._ids = lambda job, trace=None: ids(job, trace) | {"to": job.address}
if "unredacted" in faults:
    tocsin.logs.redaction.Redactor.event = lambda self, event: dict(event)
    tocsin.logs.redaction.Redactor.is_clean = lambda self, line: True
if "crashes" in faults:
    def fail(*_more):
        raise RuntimeError("Zeta title")
    sender.acceptance.read_job = fail
from tocsin.cli import main
main()
"""
"""The command line, with an event that can't be decided, a message that can't be written, and the faults asked for."""


def desk() -> Helpdesk:
    """Four contacts: one with a fax as well, one whom the relay refuses, one who has to wait, one in doubt."""
    made = Helpdesk()
    for name in ("fine", "refused", "later", "doubt"):
        modes = [email(f"{name}@zeta.example"), *([fax(NUMBER)] if name == "fine" else [])]
        made.contact(f"ct-{name}", "contract/C-7", name="Zeta Zorn", modes=modes)
    return made


def events() -> dict[str, bytes]:
    """Events by their ids: some that alert, some that don't, and some that can't be decided."""
    good = [created(number, **TEXTS) for number in (1, 2)]
    silent = {**created(3, **TEXTS), "id": "E-silent"}
    silent["data"]["notify"] = False
    unknown = {**created(4, contract="C-0", **TEXTS), "id": "E-unknown"}
    bad = {**created(5, **TEXTS), "id": "E-bad"}
    bad["data"]["ticket"]["status"] = {"zeta": 1}
    special = [{**created(number, **TEXTS), "id": name} for number, name in ((6, "E-crash"), (7, "E-unwritten"))]
    made = {event["id"]: json.dumps(event).encode() for event in (*good, silent, unknown, bad, *special)}
    return {**made, "": b"Zeta garbage from fine@zeta.example"}


DEAD = ("E-unknown", "E-bad", "E-crash")
SENT = ("E-1", "E-2", "E-unwritten")


def environment(folder: Path, *faults: str) -> dict[str, str]:
    """With secrets, and trust in the relay's authority."""
    trusted = folder / "authority.pem"
    authority().cert_pem.write_to_path(str(trusted))
    secret = folder / "secret"
    secret.write_text(SECRET)
    return {
        "PATH": "/usr/bin:/bin",
        "SSL_CERT_FILE": str(trusted),
        "TOCSIN_SMTP_USERNAME": "helpdesk",
        "TOCSIN_SMTP_PASSWORD_FILE": str(secret),
        "TOCSIN_OPT_OUT_SECRETS": SECRET,
        "FAULTS": " ".join(faults),
    }


def sending(port: int) -> list[str]:
    """The options of what sends."""
    relay = ["--smtp", f"127.0.0.1:{port}", "--tls", "starttls", "--from", "Support <support@zeta.example>"]
    return [*relay, "--fax", "{number}@fax.zeta.example", "--opt-out-url", "https://desk.example", "--storm-limit=0"]


def tocsin(*arguments: str) -> list[str]:
    """The command line as a process."""
    return [sys.executable, "-c", PROGRAM, *arguments]


@contextmanager
def running(folder: Path, name: str, *arguments: str, more: Mapping[str, str] | None = None) -> Iterator[Path]:
    """A service at work within the block, with `more` variables; yields the file of its lines."""
    file = folder / f"{name}.log"
    given = environment(folder) | dict(more or {})
    with file.open("wb") as log, subprocess.Popen(tocsin(name, *arguments), stderr=log, env=given) as process:
        try:
            yield file
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, file.read_text()[-3_000:]
        finally:
            process.kill()


@contextmanager
def relay() -> Iterator[int]:
    """A relay that says no in words that hold an address; in a thread of its own. Yields its port."""
    faults = [
        Fault(At.RCPT, "550 5.1.1 <refused@zeta.example>: Zeta Zorn is unknown here", recipient="refused@zeta.example"),
        Fault(At.RCPT, "451 4.7.1 <later@zeta.example>: Zeta Zorn is busy", recipient="later@zeta.example"),
        Fault(At.RCPT, DISCONNECT, recipient="doubt@zeta.example"),
    ]
    loop, peer = asyncio.new_event_loop(), FaultyPeer(faults, tls=server_context())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(peer.__aenter__(), loop).result()
    try:
        yield peer.port
    finally:
        asyncio.run_coroutine_threadsafe(peer.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def read_lines(text: str) -> list[dict[str, Any]]:
    """The lines, each of which has to be one JSON object with a time, a level and a name."""
    found = [json.loads(line) for line in text.splitlines()]
    assert all(list(line)[:3] == ["timestamp", "level", "event"] for line in found)
    return found


def course(lines: list[dict[str, Any]], event: str) -> list[tuple[str, str]]:
    """What the lines say of an event: the name of each line, and what it says became of the event."""
    telling = ("transition", "admission", "error", "reason", "jobs")
    own = [line for line in lines if line.get("event_id") == event]
    return [(line["event"], str(next((line[key] for key in telling if key in line), ""))) for line in own]
