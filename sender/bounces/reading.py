"""What comes back: bounces, complaints, automatic answers, and mails that opt out, told from their bytes alone.

Anybody can write such a mail. So this says only what it claims; sender.bounces.policy holds it against secrets and
ledger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from sender.bounces.mail_parts import (
    STATUS,
    Mail,
    date_of,
    decoded,
    feedback_of,
    field,
    fields,
    kind_of,
    parsed,
    parts_of,
    returned_header,
    status_blocks,
)
from sender.messages.message import names_ours, old_job_in, thread_in
from sender.messages.plain_text import one_line
from sender.proof import tokens_in
from sender.replies.refusals import About, codes_in, most_telling, refusal_about
from sender.suppressions.opt_out import asks_to_opt_out, tokens_in_subject

MAX_SAID: Final = 300

_STATUS: Final = re.compile(r"\b([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_DIAGNOSTIC: Final = re.compile(r"\s*smtp\s*;\s*([245][0-9]{2})\b[ -]?(.*)", re.IGNORECASE | re.DOTALL)


class MailKind(StrEnum):
    """What a mail is."""

    BOUNCE = "bounce"
    """A report on the delivery of another message (RFC 3464)."""
    COMPLAINT = "complaint"
    """A provider's report on what its user said of another message (RFC 5965)."""
    AUTOMATIC = "automatic"
    """A program's answer, such as an out-of-office (RFC 3834)."""
    OPT_OUT = "opt_out"
    """A mail by which somebody opts out."""
    OTHER = "other"
    """Anything else: perhaps a person wrote it."""


class Fate(Struct, frozen=True):
    """What a report says of one recipient (RFC 3464, section 2.3).

    `addresses` are those that it gives, the final one before the original one. `status` (RFC 3463) is the one that
    tells the most, of the report's own and that of the server whose words it quotes in `said`; `about` is what both
    agree on.
    """

    addresses: tuple[str, ...]
    action: str
    status: str | None
    said: str
    about: About


class ReturnedMail(Struct, frozen=True):
    """What a mail claims.

    `proofs` may be tokens of the message of this installation that it returns or answers (see sender.proof), the
    likeliest first; `old_job` is the id of its job where it went out before there were tokens. `opt_outs` may be tokens
    to opt out: a mail of any kind is one by which somebody opts out where one of them is ours. `feedback` is the type
    of a complaint (RFC 5965, section 3.1). `date` is the mail's own.
    """

    kind: MailKind
    proofs: tuple[str, ...] = ()
    old_job: str | None = None
    thread: str | None = None
    fates: tuple[Fate, ...] = ()
    opt_outs: tuple[str, ...] = ()
    feedback: str | None = None
    date: datetime | None = None


def read_mail(content: bytes, installation: str) -> ReturnedMail:
    """What this mail (RFC 5322) claims to the installation of this name. Raises nothing, whatever the bytes are."""
    try:
        return _read(parsed(content), installation)
    except Exception:  # noqa: BLE001 - hostile headers break the parser in more ways than can be listed
        return ReturnedMail(MailKind.OTHER)


def _read(mail: Mail, installation: str) -> ReturnedMail:
    report = _report_in(mail)
    if report is not None:
        return _reported(mail, report, installation)
    ids, date = _ids(mail), date_of(mail)
    subject = decoded(field(mail, "Subject"))
    opt_outs = tokens_in_subject(subject)
    if opt_outs and asks_to_opt_out(subject):
        return ReturnedMail(MailKind.OPT_OUT, opt_outs=opt_outs, date=date)
    proofs = tokens_in(f"{ids} {_recipients(mail)}")
    old_job, thread = old_job_in(ids, installation), thread_in(ids, installation)
    kind = MailKind.AUTOMATIC if _is_automatic(mail, names_ours(ids, installation)) else MailKind.OTHER
    return ReturnedMail(kind, proofs, old_job, thread, opt_outs=opt_outs, date=date)


def _report_in(mail: Mail) -> Mail | None:
    """The multipart/report on a message: the mail itself, or a part of it where a relay wrapped it."""
    for part in (mail, *parts_of(mail)):
        is_status = any(kind_of(one) in STATUS for one in parts_of(part))
        if kind_of(part) == "multipart/report" and (is_status or feedback_of(part) is not None):
            return part
    return None


def _reported(mail: Mail, report: Mail, installation: str) -> ReturnedMail:
    returned, feedback = returned_header(report), feedback_of(report)
    own = "" if returned is None else decoded(field(returned, "Message-ID"))
    ids = f"{own} {_ids(mail)}"
    # The return path of the message is the address to which a report on it goes.
    sent_to = _recipients(mail) + ("" if feedback is None else fields(feedback, "Original-Mail-From"))
    return ReturnedMail(
        kind=MailKind.BOUNCE if feedback is None else MailKind.COMPLAINT,
        proofs=tokens_in(f"{ids} {sent_to}"),
        old_job=old_job_in(ids, installation),
        thread=thread_in(ids, installation),
        fates=tuple(_fates(report)),
        feedback=None if feedback is None else one_line(field(feedback, "Feedback-Type").strip().lower(), 20),
        date=date_of(mail),
    )


def _fates(report: Mail) -> Iterator[Fate]:
    for block in status_blocks(report):
        action = field(block, "Action").partition("(")[0].strip().lower()
        addresses = [_address(field(block, name)) for name in ("Final-Recipient", "Original-Recipient")]
        if not action and not any(addresses):
            continue  # the block about the message as a whole
        diagnostic = field(block, "Diagnostic-Code")
        given, quoted = _STATUS.findall(field(block, "Status"))[:1], _DIAGNOSTIC.match(diagnostic)
        code, words = (int(quoted[1]), quoted[2]) if quoted else (None, "")
        yield Fate(
            addresses=tuple(dict.fromkeys(address for address in addresses if address)),
            action=one_line(action, 20),
            status=most_telling([*given, *codes_in(code, words)]),
            said=one_line(diagnostic, MAX_SAID),
            about=refusal_about(code, words, given),
        )


def _address(value: str) -> str:
    """The address of a field such as `rfc822; zoe@acme.example`."""
    kind, _, address = value.partition(";")
    return address.strip().strip("<>") if kind.strip().lower() in ("rfc822", "utf-8") else ""


def _is_automatic(mail: Mail, is_answer: bool) -> bool:
    """Whether a program wrote it (RFC 3834).

    Strong signs hold for any mail: Auto-Submitted, what only responders set, a null return path (RFC 5321, 4.5.5), a
    report, the name that mail systems go by. Weak ones say only that a program may have: they count for an answer to a
    message of ours. The subject's words count for nothing.
    """
    submitted = re.split(r"[;(\s]", field(mail, "Auto-Submitted").strip().lower())[0]
    precedence = field(mail, "Precedence").strip().lower()
    strong = (
        submitted not in ("", "no")
        or any(field(mail, name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder"))
        or precedence == "auto_reply"
        or field(mail, "Return-Path").strip() == "<>"
        or kind_of(mail) == "multipart/report"
        or re.search(r"(^|<|\s)mailer-daemon@", field(mail, "From").lower()) is not None
    )
    weak = precedence in ("bulk", "junk") or bool(field(mail, "X-Auto-Response-Suppress"))
    return strong or (weak and is_answer)


def _ids(mail: Mail) -> str:
    """All message ids that it refers to; Original-Message-ID is of notices that it was read (RFC 8098)."""
    return " ".join(decoded(field(mail, name)) for name in ("In-Reply-To", "References", "Original-Message-ID"))


def _recipients(mail: Mail) -> str:
    """Where it was sent, as its header and the servers on its way say."""
    return fields(mail, "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
