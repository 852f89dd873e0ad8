"""The message of a digest: what a storm held back for one mailbox, listed in one text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from schemas.vocabulary import Channel, Trigger
from sender.messages.built_in_text import HAPPENED, in_language
from sender.messages.plain_text import one_line
from sender.messages.subject import reference_of
from sender.messages.times import local_time
from sender.records import LedgerEntry

TITLE: Final = 120
"""Characters of a title that are listed."""
LINK: Final = 500

_MOST_LISTED: Final = {Channel.SMS: 0, Channel.CHAT: 50}
"""How many jobs are listed where there is little room; the others are only counted."""


class Words(Struct, frozen=True):
    """What a digest says in one language. `{}` stands for a number; `counted` is the head where nothing is listed."""

    subject: str
    head: str
    counted: str
    more: str


_WORDS: Final = {
    "en": Words(
        subject="{} messages about support tickets",
        head="So many tickets changed in a short time that what follows comes in one message.",
        counted="Many tickets changed in a short time:",
        more="- and {} more",
    ),
    "fr": Words(
        subject="{} messages sur des demandes d'assistance",
        head="Tant de demandes ont changé en peu de temps que ce qui suit vient en un seul message.",
        counted="Beaucoup de demandes ont changé en peu de temps :",
        more="- et {} de plus",
    ),
}


def digest_subject(carrier: LedgerEntry, listed: Sequence[LedgerEntry]) -> str:
    """The subject of the digest of these jobs, of which the carrier is one."""
    return _words(carrier).subject.format(len(listed))


def digest_text(
    carrier: LedgerEntry, listed: Sequence[LedgerEntry], fits: Callable[[str], bool] = lambda _: True
) -> str:
    """The digest in the carrier's language and time zone: how many of each kind, then each job on a line of its own.

    Each line holds what its own job may show and nothing else: when, what happened, reference, title, link. A chat
    lists only the first ones, as many as fit, an SMS none.
    """
    words, happened = _words(carrier), in_language(HAPPENED, carrier.job.language)
    counts = Counter(entry.trigger for entry in listed)
    numbers = [f"{counts[trigger]} {happened[trigger]}" for trigger in Trigger if counts[trigger]]
    lines = [_line(entry, carrier, happened) for entry in listed[: _MOST_LISTED.get(carrier.job.channel, len(listed))]]
    while True:
        left_out = len(listed) - len(lines)
        more = [words.more.format(left_out)] if lines and left_out else []
        head = words.head if lines else words.counted
        text = "\n".join([head, ", ".join(numbers), "", *lines, *more]) + "\n"
        if not lines or fits(text):
            return text
        lines.pop()


def _line(entry: LedgerEntry, carrier: LedgerEntry, happened: Mapping[Trigger, str]) -> str:
    ticket = entry.job.context.ticket
    time = local_time(entry.job.context.saved_at, carrier.job.language, carrier.job.time_zone)
    title = one_line(ticket.title, TITLE)
    name = f"{reference_of(entry.job)}: {title}" if title else reference_of(entry.job)
    link = f"\n  {one_line(ticket.link, LINK)}" if ticket.link else ""
    return f"- {time}, {happened[entry.trigger]}: {name}{link}"


def _words(carrier: LedgerEntry) -> Words:
    return in_language(_WORDS, carrier.job.language)
