"""The message of a digest: what was held back for one mailbox, listed in one text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from schemas.digest import MOST_MESSAGES, DigestContext, DigestLine
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
    """What a digest says in one language. `{}` stands for a number; `counted` is the head where nothing is listed.

    `head` is that of a storm, `collected` of what rules collect.
    """

    subject: str
    head: str
    collected: str
    counted: str
    more: str


_WORDS: Final = {
    "en": Words(
        subject="{} messages about support tickets",
        head="So many tickets changed in a short time that what follows comes in one message.",
        collected="Your messages about support tickets, in one:",
        counted="Many tickets changed in a short time:",
        more="- and {} more",
    ),
    "fr": Words(
        subject="{} messages sur des demandes d'assistance",
        head="Tant de demandes ont changé en peu de temps que ce qui suit vient en un seul message.",
        collected="Vos messages sur des demandes d'assistance, en un seul :",
        counted="Beaucoup de demandes ont changé en peu de temps :",
        more="- et {} de plus",
    ),
}


def digest_context(carrier: LedgerEntry, listed: Sequence[LedgerEntry]) -> DigestContext:
    """What the template of this digest is given."""
    lines = [_digest_line(entry) for entry in listed[:MOST_MESSAGES]]
    return DigestContext(lines, len(listed), carrier.job.context.person_name)


def _digest_line(entry: LedgerEntry) -> DigestLine:
    context, ticket = entry.job.context, entry.job.context.ticket
    return DigestLine(
        trigger=entry.trigger,
        saved_at=context.saved_at,
        reference=reference_of(entry.job),
        title=one_line(ticket.title, TITLE),
        status=ticket.status,
        product=ticket.product,
        site=ticket.site,
        service=ticket.service,
        customer_name=context.customer_name,
        link=ticket.link,
    )


def digest_variables(
    context: DigestContext, language: str, time_zone: str, keyword: str, unsubscribe_url: str | None
) -> dict[str, object]:
    """What the template of a digest may name."""
    return {
        "messages": context.messages,
        "count": context.count,
        "person_name": context.person_name,
        "language": language,
        "time_zone": time_zone,
        "keyword": keyword,
        "unsubscribe_url": unsubscribe_url,
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
        head = (words.head if lines else words.counted) if carrier.schedule is None else words.collected
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
