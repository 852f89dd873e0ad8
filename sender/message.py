"""A message in the form of RFC 5322: its header, and its body as text alone or as text and HTML."""

from __future__ import annotations

import hashlib
import re
from email.utils import format_datetime
from typing import Final

from msgspec import Struct

from schemas.job import Job
from sender.addresses import MailIdentity, display_name, wire_address
from sender.headers import HeaderField, address_header, text_header
from sender.mime import CRLF, Entity, alternative, text_entity
from sender.plain_text import encodable
from sender.times import in_utc

_SAFE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Bodies(Struct, frozen=True):
    """What a message says: as text, and as HTML where that is its format."""

    text: str
    html: str | None = None


def write_message(job: Job, identity: MailIdentity, recipient: str, subject: str, bodies: Bodies) -> bytes:
    """The message, with CRLF line ends and of seven bits; the same bytes for the same job and bodies.

    A recipient that is not one e-mail address stands in no header (the transport will refuse it). Only an address with
    letters beyond ASCII before the @ makes the header UTF-8 (RFC 6532).
    """
    fields = "".join(header.fold() for header in _headers(job, identity, recipient, subject))
    entity = _entity(bodies)
    # Only an address beyond ASCII leaves letters in a field that are not encoded.
    return f"{fields}MIME-Version: 1.0{CRLF}{entity.fields}{CRLF}".encode("utf-8", "replace") + entity.body


def message_id(job: Job, identity: MailIdentity) -> str:
    """The Message-ID (RFC 5322, section 3.6.4): of one job always the same, in another installation another."""
    return f"<{_digest(identity.installation, job.id)}.job@{identity.installation}>"


def thread_id(job: Job, identity: MailIdentity) -> str:
    """What all messages of one ticket refer to, so that mail readers show them together.

    It names the installation, the platform and the ticket. No message has this id: each is an answer to the ticket.
    """
    return f"<{_digest(identity.installation, job.source, job.ticket)}.ticket@{identity.installation}>"


def _headers(job: Job, identity: MailIdentity, recipient: str, subject: str) -> list[HeaderField]:
    utf8 = not recipient.isascii() and wire_address(recipient) is not None
    thread = thread_id(job, identity)
    headers = [
        address_header("From", display_name(identity.from_name), wire_address(identity.from_address) or ""),
        _to(job, recipient, utf8=utf8),
        text_header("Subject", subject),
        _fixed("Date", format_datetime(in_utc(job.created))),
        _fixed("Message-ID", message_id(job, identity)),
        _fixed("In-Reply-To", thread),
        _fixed("References", thread),
        # RFC 3834, section 5: no out-of-office answer may come back to this.
        _fixed("Auto-Submitted", "auto-generated"),
    ]
    reply_to = wire_address(job.reply_to) if job.reply_to else None
    if reply_to is not None and reply_to.isascii():
        headers.append(address_header("Reply-To", "", reply_to))
    if _SAFE_ID.fullmatch(job.id):
        headers.append(_fixed("X-Tocsin-Job", job.id))
    return headers


def _to(job: Job, recipient: str, *, utf8: bool) -> HeaderField:
    if wire_address(recipient) is None:
        # An empty group (RFC 5322, section 3.4) is a valid header that leads nowhere.
        return _fixed("To", "undisclosed-recipients:;")
    return address_header("To", display_name(job.context.person_name), recipient, utf8=utf8)


def _fixed(name: str, value: str) -> HeaderField:
    """A header whose value is ours: ASCII, and short enough for one line."""
    return HeaderField(name, value, (value,))


def _entity(bodies: Bodies) -> Entity:
    text = text_entity(_lines(bodies.text), "plain")
    if bodies.html is None:
        return text
    html = text_entity(_lines(bodies.html), "html")
    # It follows from what it separates, so that no text can hold it, and so that a message is the same on every try.
    return alternative([text, html], f"=_{_digest(bodies.text, bodies.html)}")


def _lines(text: str) -> str:
    return encodable(text).rstrip("\r\n") + "\n"


def _digest(*parts: str) -> str:
    # Lengths keep ("a", "bc") apart from ("ab", "c").
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
