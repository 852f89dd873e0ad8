"""All helpdesks at once: the directory that has a customer in each, what they post, and the mails that come of it."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.helpdesk.events import ALL
from tests.support.helpdesks.desks import DESKS
from tests.support.helpdesks.life import Desk, Step

Records = list[dict[str, Any]]

_EACH: Final = {"contacts": True, "collaborators": True}


def directory() -> Records:
    """One customer in each helpdesk, who has one contract with one contact and one collaborator."""
    return [record for desk in DESKS.values() for record in _of_desk(desk)]


def secrets() -> str:
    """What helpdesks sign with, as the setting has it."""
    return " ".join(sorted({f"{desk.hook}={desk.secret}" for desk in DESKS.values()}))


def _of_desk(desk: Desk) -> Records:
    contact, collaborator = (
        {"id": f"{kind}-{desk.name}", "kind": kind, "name": desk.name, "language": "en", "alerts": ALL, "modes": [mode]}
        for kind, mode in zip(
            ("contact", "collaborator"),
            ({"channel": "email", "address": address, "active": True} for address in desk.people),
            strict=True,
        )
    )
    site = f"site-{desk.name}"
    return [
        {
            "kind": "contract",
            "id": desk.contract,
            "type": "commitment",
            "client": desk.customer,
            "recipients": {"contract": _EACH},
            "contacts": [contact["id"]],
            "collaborators": [collaborator["id"]],
        },
        {
            "kind": "customer",
            "id": desk.customer,
            "main_site": site,
            "language": "en",
            "alerts": {trigger: {"enabled": True} for trigger in ALL},
        },
        {"kind": "site", "id": site, "customer": desk.customer},
        {**contact, "customer": desk.customer, "sites": [site]},
        collaborator,
    ]


@dataclass
class Answers:
    """What was answered to one step: to a forged post, to the post, and to the same once more."""

    step: Step
    forged: httpx.Response
    first: httpx.Response
    again: httpx.Response


def live(client: httpx.Client, desk: Desk, now: datetime | None = None) -> list[Answers]:
    """Post a whole life, each post first with a signature that is wrong, and afterwards once more."""
    now = now or datetime.now(UTC)
    posts = desk.posts(now - timedelta(minutes=30))

    def posted(body: bytes, headers: Mapping[str, str], secret: str) -> httpx.Response:
        signed = desk.sign(secret, body, datetime.now(UTC))
        return client.post(f"/v1/hooks/{desk.hook}", content=body, headers={**headers, **signed})

    return [
        Answers(
            step,
            posted(body, headers, "the-secret-of-somebody-else"),
            posted(body, headers, desk.secret),
            posted(body, headers, desk.secret),
        )
        for step, body, headers in posts
    ]


@dataclass
class Mail:
    """A mail as its reader sees it."""

    recipients: tuple[str, ...]
    subject: str
    text: str


def mails_in(folder: Path) -> list[Mail]:
    """Those that the mailbox has kept in this folder."""
    return [_read(file) for file in sorted(folder.glob("*.eml"))]


def _read(file: Path) -> Mail:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    to = tuple(address.addr_spec for address in message["To"].addresses)
    return Mail(to, str(message["Subject"]), "\n".join(map(str, parts)))
