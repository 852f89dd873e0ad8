"""The built-in short form of text messages and chats, for where the rules name no template of their own.

It holds only what contacts may see of a ticket. The words of text messages are in their 7-bit alphabet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from schemas.job import Job
from schemas.vocabulary import Channel, Trigger
from sender.messages.built_in_text import HAPPENED, in_language
from sender.messages.plain_text import one_line
from sender.messages.subject import reference_of
from sender.messages.text_length import units, within_segments, within_units

TITLE: Final = 200
STATUS: Final = 100
PASSAGE: Final = 600
"""Characters of a title, a status, and a description or resolution that are shown."""
LINK: Final = 300
BETWEEN_LANGUAGES: Final = 80
"""16-bit units for what stands between two languages, with the second one's name."""


class TextLimits(Struct, frozen=True):
    """How long texts may be.

    `sms_segments`: messages on the air that one text becomes; `chat_length`: 16-bit units of a chat's subject and text.
    """

    sms_segments: int = 3
    chat_length: int = 2_000

    def subject_of(self, channel: Channel, subject: str) -> str:
        """What stands above the text: in a text message nothing, since services would put it before the text."""
        return within_units(subject, self.chat_length // 2) if channel is Channel.CHAT else ""

    def holds(self, channel: Channel, subject: str, text: str, number: int = 1) -> bool:
        """Whether the text goes out on this channel as it is, as one of so many languages."""
        if channel not in (Channel.SMS, Channel.CHAT):
            return True
        return self.text_of(channel, subject, text, number) == text.strip()

    def text_of(self, channel: Channel, subject: str, text: str, number: int = 1) -> str:
        """The text, cut where it is too long for one message; a service may put the subject before it.

        One of so many languages has its share of a chat; a text message has one.
        """
        if channel is Channel.SMS:
            return within_segments(text, self.sms_segments)
        room = self.chat_length - units(subject) - len("\r\n") - BETWEEN_LANGUAGES * (number - 1)
        return within_units(text, max(room // number, 0))


class Words(Struct, frozen=True):
    """The built-in texts in one language."""

    ticket: str
    also: str
    status: str


_WORDS: Final = {
    "en": Words(
        ticket="Ticket",
        also="also",
        status="Status: ",
    ),
    "fr": Words(
        ticket="Demande",
        also="aussi",
        status="Statut : ",
    ),
}


def short_text(job: Job, trigger: Trigger) -> str:
    """The text about this trigger, in English where it is not written in the job's language."""
    words = in_language(_WORDS, job.language)
    lines = _sms(job, trigger, words) if job.channel is Channel.SMS else _chat(job, trigger, words)
    return "\n".join(lines)


def _sms(job: Job, trigger: Trigger, words: Words) -> Iterator[str]:
    # The sign with which a line is cut elsewhere is not in the alphabet of text messages.
    title = within_units(one_line(job.context.ticket.title, 2 * TITLE), TITLE)
    happened = _happened(job, trigger, words)
    yield f"{happened} - {title}" if title else happened
    yield from _link(job)


def _chat(job: Job, trigger: Trigger, words: Words) -> Iterator[str]:
    ticket = job.context.ticket
    yield _happened(job, trigger, words)
    if ticket.status:
        change = [ticket.previous_status, ticket.status] if trigger is Trigger.STATUS_CHANGED else [ticket.status]
        yield words.status + " → ".join(one_line(one, STATUS) for one in change if one)
    passage = {Trigger.OPENED: ticket.description, Trigger.RESOLVED: ticket.resolution}.get(trigger)
    if passage and passage.strip():
        yield from ("", within_units(passage, PASSAGE), "")
    yield from _link(job)


def _happened(job: Job, trigger: Trigger, words: Words) -> str:
    happened = in_language(HAPPENED, job.language)
    others = [happened[other] for other in job.other_triggers if other is not trigger]
    also = f" ({words.also} {', '.join(others)})" if others else ""
    return f"{words.ticket} {reference_of(job)} {happened[trigger]}{also}"


def _link(job: Job) -> Iterator[str]:
    """The link to the ticket; one that is too long to be of use is left out."""
    link = (job.context.ticket.link or "").strip()
    if link and link == one_line(link, LINK):
        yield link
