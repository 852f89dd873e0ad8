"""A message in the form of RFC 5322: its header, and its body as text alone or as text and HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import format_datetime
from typing import Final

from msgspec import Struct

from schemas.hashing import hash_of
from schemas.job import Job
from schemas.mailbox import wire_address
from schemas.named_mailbox import NoMailboxError, named_mailbox
from schemas.vocabulary import Channel
from sender.messages.addresses import MailIdentity, display_name
from sender.messages.headers import HeaderField, address_header, fixed_header, id_header, text_header
from sender.messages.mime import CRLF, Entity, alternative, mixed, pdf_entity, text_entity
from sender.messages.times import in_utc
from sender.proof import TOKEN_LENGTH, TOKEN_PLACE, Proofs
from sender.suppressions.opt_out import NO_LINKS, OptOutLinks

PDF_NAME: Final = "message.pdf"


class Bodies(Struct, frozen=True):
    """What a message says: as text, and as HTML where that is its format; `pdf` is a file that comes with it.

    `languages` are the tags of those in which it is written.
    """

    text: str
    html: str | None = None
    pdf: bytes | None = None
    languages: tuple[str, ...] = ()


class MailingList(Struct, frozen=True):
    """Of what kind of messages this is one, for readers' filters and for their programs' button to unsubscribe.

    `label` is a word of a domain name; `links` are how to opt out.
    """

    label: str
    links: OptOutLinks = NO_LINKS


def write_message(
    job: Job,
    identity: MailIdentity,
    own_id: str,
    recipient: str,
    subject: str,
    bodies: Bodies,
    mailing: MailingList | None = None,
) -> bytes:
    """The message, with CRLF line ends and of seven bits; the same bytes for the same job and bodies.

    `own_id` is its Message-ID. A recipient that is not one e-mail address stands in no header (the transport will
    refuse it). Only an address with letters beyond ASCII before the @ makes the header UTF-8 (RFC 6532).
    """
    headers = [*_headers(job, identity, own_id, recipient, subject), *_list_headers(identity, mailing)]
    if bodies.languages:
        # RFC 3282, section 2.
        headers.append(fixed_header("Content-Language", ", ".join(bodies.languages)))
    fields, body = "".join(header.fold() for header in headers), _body(bodies)
    # Only an address beyond ASCII leaves letters in a field that are not encoded.
    return f"{fields}MIME-Version: 1.0{CRLF}{body.fields}{CRLF}".encode("utf-8", "replace") + body.body


def message_id(job: Job, identity: MailIdentity) -> str:
    """The Message-ID (RFC 5322, section 3.6.4): of one job always the same, in another installation another.

    It holds the token of the job (see sender.proof), since it is all that some bounces and answers give back. Where
    there is none it leads back to nothing. It never tells the job's id: that can be computed from the event's.
    """
    token = Proofs(identity.secrets).write(job.id)
    if token is None:
        return f"<{hash_of(identity.installation, job.id)}.hash@{identity.installation}>"
    return f"<{token}@{identity.installation}>"


def return_path(job: Job, identity: MailIdentity) -> str:
    """The envelope's sender (RFC 5321, section 4.4.7.1): with the job's token where there is a place for it.

    A fax has the address of the From header: gateways go by who writes. So has a job whose token doesn't fit.
    """
    if TOKEN_PLACE not in identity.envelope_from:
        return identity.envelope_from
    token = None if job.channel is Channel.FAX else Proofs(identity.secrets).write(job.id)
    if token is None or len(token) > TOKEN_LENGTH:
        return identity.from_address
    return identity.envelope_from.replace(TOKEN_PLACE, token)


def old_job_in(ids: str, installation: str) -> str | None:
    """The job's id in the first Message-ID of this installation as the first release wrote them: anybody can."""
    found = re.search(rf"<([A-Za-z0-9_-]{{1,64}})\.job@{re.escape(installation)}>", ids, re.IGNORECASE)
    return found[1] if found else None


def names_ours(ids: str, installation: str) -> bool:
    """Whether one of these message ids has the form of those of this installation."""
    ours = rf"(<[a-z2-7]{{{TOKEN_LENGTH},}}|\.(hash|job|ticket))@{re.escape(installation)}>"
    return re.search(ours, ids, re.IGNORECASE) is not None


def thread_in(ids: str, installation: str) -> str | None:
    """The first thread id (see `thread_id`) of this installation among these message ids."""
    found = re.search(rf"<[0-9a-f]{{32}}\.ticket@{re.escape(installation)}>", ids, re.IGNORECASE)
    return found[0] if found else None


def thread_id(job: Job, identity: MailIdentity) -> str:
    """What all messages of one ticket refer to, so that mail readers show them together.

    It names the installation, the platform and the ticket. No message has this id: each is an answer to the ticket.
    """
    return f"<{hash_of(identity.installation, job.source, job.ticket)}.ticket@{identity.installation}>"


def _headers(job: Job, identity: MailIdentity, own_id: str, recipient: str, subject: str) -> list[HeaderField]:
    utf8 = not recipient.isascii() and wire_address(recipient) is not None
    thread = thread_id(job, identity)
    headers = [
        address_header("From", display_name(identity.from_name), wire_address(identity.from_address) or ""),
        _to(job, recipient, utf8=utf8),
        text_header("Subject", subject),
        fixed_header("Date", format_datetime(in_utc(job.created))),
        id_header("Message-ID", own_id),
        fixed_header("In-Reply-To", thread),
        fixed_header("References", thread),
        # RFC 3834, section 5: no out-of-office answer may come back to this.
        fixed_header("Auto-Submitted", "auto-generated"),
        # Exchange asks this instead. Not `All`: bounces have to come.
        fixed_header("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]
    headers += _reply_to(job)
    return headers


def _reply_to(job: Job) -> list[HeaderField]:
    """Where answers go, as the contract has it. Without one that can be read, they go to who writes."""
    if not job.reply_to:
        return []
    try:
        wanted = named_mailbox(job.reply_to)
    except NoMailboxError:
        return []
    return [address_header("Reply-To", display_name(wanted.name), wanted.address)]


def _list_headers(identity: MailIdentity, mailing: MailingList | None) -> Iterator[HeaderField]:
    """RFC 2919; RFC 2369, section 3.2; RFC 8058. No Precedence: RFC 3834 builds on Auto-Submitted and lists."""
    if mailing is None:
        return
    yield fixed_header("List-Id", f"<{mailing.label}.{identity.installation}>")
    links = [f"<{link}>" for link in (mailing.links.page, mailing.links.mail) if link is not None]
    if links:
        words = (*(f"{link}," for link in links[:-1]), links[-1])
        yield HeaderField("List-Unsubscribe", " ".join(words), words)
    if mailing.links.page is not None:
        yield fixed_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _to(job: Job, recipient: str, *, utf8: bool) -> HeaderField:
    if wire_address(recipient) is None:
        # An empty group (RFC 5322, section 3.4) is a valid header that leads nowhere.
        return fixed_header("To", "undisclosed-recipients:;")
    return address_header("To", display_name(job.context.person_name), recipient, utf8=utf8)


def _body(bodies: Bodies) -> Entity:
    text = text_entity(_lines(bodies.text), "plain")
    # It follows from what it separates, so that no text can hold it, and so that a message is the same on every try.
    boundary = f"=_{hash_of(bodies.text, bodies.html or '')}"
    if bodies.html is not None:
        return alternative([text, text_entity(_lines(bodies.html), "html")], boundary)
    if bodies.pdf is not None:
        return mixed([text, pdf_entity(bodies.pdf, PDF_NAME)], boundary)
    return text


def _lines(text: str) -> str:
    return text.rstrip("\r\n") + "\n"
