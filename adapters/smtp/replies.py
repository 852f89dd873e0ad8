"""What the relay says, as a Reply."""

from __future__ import annotations

import re
from typing import Final

from aiosmtplib import SMTPResponse, SMTPResponseException

from sender.plain_text import one_line
from sender.ports import Reply, ReplyKind, Stage

MAX_REPLY: Final = 500
CLOSING: Final = 421
"""The relay closes the connection after this reply (RFC 5321, section 3.8)."""

_STATUS: Final = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])", re.ASCII)
_FIRST_CODE: Final = 200


def reply_of(kind: ReplyKind, response: SMTPResponse, stage: Stage) -> Reply:
    """A response that came at this stage."""
    text = one_line(response.message, MAX_REPLY)
    return Reply(kind, response.code, text, stage, status_of(response.message))


def failure_of(error: Exception, stage: Stage) -> Reply:
    """A deferral for what went wrong, at a stage before the message's end."""
    code, status = None, None
    # The library gives what is no reply at all a code of its own, below any that there is.
    if isinstance(error, SMTPResponseException) and error.code >= _FIRST_CODE:
        code, status = error.code, status_of(error.message)
    return Reply(ReplyKind.DEFERRED, code, words_of(error, stage), stage, status)


def words_of(error: Exception, stage: Stage) -> str:
    """An error as the words of a reply: where it happened, its class, and what it says."""
    return one_line(f"{stage}: {type(error).__name__}: {error}", MAX_REPLY)


def status_of(text: str) -> str | None:
    """The enhanced status code (RFC 3463) that a reply's text begins with; None where there is none."""
    found = _STATUS.match(text)
    return found[0] if found else None
