"""What comes back: bounces, automatic answers, and mails that opt out, told from their bytes alone.

Anybody can write such a mail. So this says only what it claims; sender.returned holds it against the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser, HeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from msgspec import Struct

from sender.message import job_in, thread_in
from sender.opt_out import token_in_subject
from sender.plain_text import one_line
from sender.refusals import About, codes_in, most_telling, refusal_about
from sender.times import in_utc

MAX_READ: Final = 524_288
"""Bytes of a mail that are looked at: a report stands before the message that it returns."""

MAX_RECIPIENTS: Final = 100
MAX_SAID: Final = 300
_MAX_PARTS: Final = 20
_MAX_IDS: Final = 16_384

_LEVEL: Final = re.compile(rb"boundary[0-9*\s]{0,9}=|content-type:\s{0,9}message/", re.IGNORECASE)
_STATUS: Final = re.compile(r"\b([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_DIAGNOSTIC: Final = re.compile(r"\s*smtp\s*;\s*([245][0-9]{2})\b[ -]?(.*)", re.IGNORECASE | re.DOTALL)

Mail: TypeAlias = "Message[Any, Any]"


class MailKind(StrEnum):
    """What a mail is."""

    BOUNCE = "bounce"
    """A report on the delivery of another message (RFC 3464)."""
    AUTOMATIC = "automatic"
    """A program's answer, such as an out-of-office (RFC 3834)."""
    OPT_OUT = "opt_out"
    """A mail by which somebody opts out."""
    OTHER = "other"
    """Anything else: perhaps a person wrote it."""


class Fate(Struct, frozen=True):
    """What a report says of one recipient (RFC 3464, section 2.3).

    `addresses` are those that it gives, the final and the original one. `status` (RFC 3463) is the one that tells the
    most, of the report's own and that of the server whose words it quotes in `said`; `about` is what both agree on.
    """

    addresses: tuple[str, ...]
    action: str
    status: str | None
    said: str
    about: About


class ReturnedMail(Struct, frozen=True):
    """What a mail claims.

    `job` and `thread` are of the message of this installation that it returns or answers. `date` is its own.
    """

    kind: MailKind
    job: str | None = None
    thread: str | None = None
    fates: tuple[Fate, ...] = ()
    token: str | None = None
    date: datetime | None = None


def read_mail(content: bytes, installation: str) -> ReturnedMail:
    """What this mail (RFC 5322) claims to the installation of this name. Raises nothing, whatever the bytes are."""
    try:
        return _read(_parsed(content[:MAX_READ]), installation)
    except Exception:  # noqa: BLE001 - hostile headers break the parser in more ways than can be listed
        return ReturnedMail(MailKind.OTHER)


def _parsed(content: bytes) -> Mail:
    # The parser holds every line against the boundary of every level, and goes one call deeper for each.
    if len(_LEVEL.findall(content)) > _MAX_PARTS:
        return BytesHeaderParser(policy=compat32).parsebytes(content)
    return BytesParser(policy=compat32).parsebytes(content)


def _read(mail: Mail, installation: str) -> ReturnedMail:
    report = _report_in(mail)
    if report is not None:
        ids = f"{_returned_id(report)} {_ids(mail)}"
        fates = tuple(_fates(report))
        return ReturnedMail(
            MailKind.BOUNCE, job_in(ids, installation), thread_in(ids, installation), fates, date=_date(mail)
        )
    token = token_in_subject(_subject(mail))
    if token is not None:
        return ReturnedMail(MailKind.OPT_OUT, token=token, date=_date(mail))
    job, thread = job_in(_ids(mail), installation), thread_in(_ids(mail), installation)
    is_answer = job is not None or thread is not None
    kind = MailKind.AUTOMATIC if _is_automatic(mail, is_answer) else MailKind.OTHER
    return ReturnedMail(kind, job, thread, date=_date(mail))


def _report_in(mail: Mail) -> Mail | None:
    """The multipart/report on a delivery: the mail itself, or a part of it where a relay wrapped it."""
    for part in (mail, *_parts(mail)):
        if part.get_content_type() == "multipart/report" and any(map(_is_status, _parts(part))):
            return part
    return None


def _parts(mail: Mail) -> list[Mail]:
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _is_status(part: Mail) -> bool:
    return part.get_content_type() in ("message/delivery-status", "message/global-delivery-status")


def _fates(report: Mail) -> Iterator[Fate]:
    blocks = [block for part in _parts(report) if _is_status(part) for block in _parts(part)]
    for block in blocks[: MAX_RECIPIENTS + 1]:
        action = _text(block, "Action").partition("(")[0].strip().lower()
        addresses = [_address(_text(block, name)) for name in ("Final-Recipient", "Original-Recipient")]
        if not action and not any(addresses):
            continue  # the block about the message as a whole
        diagnostic = _text(block, "Diagnostic-Code")
        given, quoted = _STATUS.findall(_text(block, "Status"))[:1], _DIAGNOSTIC.match(diagnostic)
        code, words = (int(quoted[1]), quoted[2]) if quoted else (None, "")
        yield Fate(
            addresses=tuple(dict.fromkeys(address for address in addresses if address)),
            action=one_line(action, 20),
            status=most_telling([*given, *codes_in(code, words)]),
            said=one_line(diagnostic, MAX_SAID),
            about=refusal_about(code, words, given),
        )


def _address(field: str) -> str:
    """The address of a field such as `rfc822; zoe@acme.example`."""
    kind, _, address = field.partition(";")
    return address.strip().strip("<>") if kind.strip().lower() in ("rfc822", "utf-8") else ""


def _returned_id(report: Mail) -> str:
    """The Message-ID of the message that the report returns, whole or as its header alone."""
    for part in _parts(report):
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/global"):
            inner = _parts(part)
            if inner:
                return _text(inner[0], "Message-ID")
        elif kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            return _text(HeaderParser(policy=compat32).parsestr(text), "Message-ID")
    return ""


def _is_automatic(mail: Mail, is_answer: bool) -> bool:
    """Whether a program wrote it (RFC 3834).

    Strong signs hold for any mail: Auto-Submitted, what only responders set, a null return path (RFC 5321, 4.5.5), a
    report, the name that mail systems go by. Weak ones say only that a program may have: they count for an answer to a
    message of ours. The subject's words count for nothing.
    """
    submitted = re.split(r"[;(\s]", _text(mail, "Auto-Submitted").strip().lower())[0]
    precedence = _text(mail, "Precedence").strip().lower()
    strong = (
        submitted not in ("", "no")
        or any(_text(mail, name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder"))
        or precedence == "auto_reply"
        or _text(mail, "Return-Path").strip() == "<>"
        or mail.get_content_type() == "multipart/report"
        or re.search(r"(^|<|\s)mailer-daemon@", _text(mail, "From").lower()) is not None
    )
    weak = precedence in ("bulk", "junk") or bool(_text(mail, "X-Auto-Response-Suppress"))
    return strong or (weak and is_answer)


def _ids(mail: Mail) -> str:
    """All message ids that it refers to; Original-Message-ID is of notices that it was read (RFC 8098)."""
    return " ".join(_text(mail, name) for name in ("In-Reply-To", "References", "Original-Message-ID"))


def _subject(mail: Mail) -> str:
    subject = _text(mail, "Subject")
    try:
        return str(make_header(decode_header(subject)))
    except (LookupError, ValueError):
        return subject


def _date(mail: Mail) -> datetime | None:
    try:
        return in_utc(parsedate_to_datetime(_text(mail, "Date")))
    except (ValueError, TypeError, OverflowError):
        return None


def _text(mail: Mail, name: str) -> str:
    return str(mail.get(name, ""))[:_MAX_IDS]
