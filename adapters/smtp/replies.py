"""Turns what the relay answers, or the error in place of an answer, into a Reply."""

from __future__ import annotations

from typing import Final

from aiosmtplib import SMTPResponse, SMTPResponseException

from adapters.smtp.tls import why_it_failed
from sender.messages.plain_text import one_line
from sender.replies.refusals import CLOSING, About, codes_in, most_telling, refusal_about
from sender.replies.reply import Reply, ReplyKind, Stage

MAX_REPLY: Final = 500

_FIRST_CODE: Final = 200


def yes_of(response: SMTPResponse, stage: Stage) -> Reply:
    """The reply for a response that takes the message."""
    return Reply(ReplyKind.ACCEPTED, response.code, _text(response), stage, _status(response))


def no_of(response: SMTPResponse, stage: Stage, otherwise: ReplyKind) -> Reply:
    """The reply for a response that does not take the message; `otherwise` is its kind where its code makes no sense.

    A response about the relay, or about this sender, puts the message off whatever its code: it is not the message's
    fault, and once the cause is mended the message can go out.
    """
    kind = {4: ReplyKind.DEFERRED, 5: ReplyKind.REFUSED}.get(response.code // 100)
    if kind is None:
        return Reply(otherwise, response.code, _text(response), stage, _status(response))
    about = refusal_about(response.code, response.message)
    if about is About.RELAY and stage is Stage.DOT and response.code != CLOSING:
        # Once the relay has read the message, what it says is about that.
        about = About.MESSAGE
    if about is About.RELAY:
        kind = ReplyKind.DEFERRED
    return Reply(kind, response.code, _text(response), stage, _status(response), about)


def failure_of(error: Exception, stage: Stage) -> Reply:
    """A deferral for what went wrong, at a stage before the message's end."""
    words = words_of(error, stage)
    # The library gives what is no reply at all a code of its own, below any that there is.
    if isinstance(error, SMTPResponseException) and error.code >= _FIRST_CODE:
        status = most_telling(codes_in(error.code, error.message))
        return Reply(ReplyKind.DEFERRED, error.code, words, stage, status)
    return Reply(ReplyKind.DEFERRED, None, words, stage, why=why_it_failed(error))


def words_of(error: Exception, stage: Stage) -> str:
    """An error as the words of a reply: where it happened, its class, and what it says."""
    return one_line(f"{stage}: {type(error).__name__}: {error}", MAX_REPLY)


def _text(response: SMTPResponse) -> str:
    return one_line(response.message, MAX_REPLY)


def _status(response: SMTPResponse) -> str | None:
    return most_telling(codes_in(response.code, response.message))
