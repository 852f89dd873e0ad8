"""What a relay answers to a message, in the sender's words: accepted, refused, not now, or nobody knows."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

from sender.replies.refusals import About, says_too_large


class ReplyKind(StrEnum):
    """What the relay made of a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """A final no (5xx)."""
    DEFERRED = "deferred"
    """Not now: 4xx, or no connection before the final dot."""
    UNKNOWN = "unknown"
    """The connection was lost or hung after the final dot: the message may have arrived."""


class Stage(StrEnum):
    """Where in the conversation with a mail relay (RFC 5321, section 3): the command that was sent last."""

    CONNECT = "connect"
    """Up to the greeting."""
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "final dot"
    QUIT = "QUIT"


BEFORE_MAIL: Final = frozenset({Stage.CONNECT, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})
"""Stages before any message is named: what goes wrong there is about the relay."""


class Reply(Struct, frozen=True):
    """The relay's answer: its code (RFC 5321, section 4.2; None where none came) and its own words.

    `stage` is where it came; None where no mail relay was asked. `status` is the enhanced status code (RFC 3463) in the
    words that tells the most. `about` is what a refusal is about. `why` is a word of ours for what went wrong where no
    code came: unlike `text`, it may be shown to anybody.
    """

    kind: ReplyKind
    code: int | None
    text: str
    stage: Stage | None = None
    status: str | None = None
    about: About = About.MESSAGE
    why: str | None = None

    @property
    def is_about_the_relay(self) -> bool:
        """Whether it is about the relay, or about this sender, and tells nothing of the message."""
        return self.kind is ReplyKind.DEFERRED and (self.stage in BEFORE_MAIL or self.about is About.RELAY)

    @property
    def is_too_large(self) -> bool:
        """Whether the message is refused for its size, so that a shorter one may be taken."""
        return self.kind is ReplyKind.REFUSED and says_too_large(self.code, self.text)

    @property
    def is_silence(self) -> bool:
        """Whether the relay was given the message and never answered."""
        return self.kind is ReplyKind.UNKNOWN and self.code is None and self.stage is not None
