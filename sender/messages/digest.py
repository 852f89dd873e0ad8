"""The message of a digest: what was held back for one mailbox, listed in one text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from schemas.digest import (
    MOST_MESSAGES,
    CollectedBy,
    DigestContext,
    DigestCounts,
    DigestMessage,
    ExternalDigest,
    InternalDigest,
    InternalDigestMessage,
    with_tickets,
)
from schemas.job import InternalContext
from schemas.vocabulary import Audience, Channel, Trigger
from sender.messages.built_in_text import HAPPENED, in_language
from sender.messages.plain_text import one_line
from sender.messages.subject import reference_of
from sender.messages.times import local_time
from sender.records import LedgerEntry
from sender.storms.scheduled import made_by

TITLE: Final = 120
"""Characters of a title that are listed."""
LINK: Final = 500
NAME: Final = 100
"""Characters of a name or status that are given to a template."""
MOST_BYTES: Final = 500_000
"""The size of the messages, as JSON, that are given to a template: half of what a text may have."""

M = TypeVar("M", bound=DigestMessage)

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
    """What the template of this digest is given; its tickets are still to be made of the messages."""
    counts = Counter(entry.trigger for entry in listed)
    given: dict[str, Any] = {
        "count": len(listed),
        "ticket_count": len({(entry.job.source, entry.job.ticket) for entry in listed}),
        "counts": DigestCounts(**{trigger.value: counts[trigger] for trigger in Trigger}),
        "collected_by": CollectedBy(made_by(carrier)),
        "person_name": carrier.job.context.person_name,
    }
    # A digest is for one audience. Who reads decides what may be in it, and not what a job happens to hold.
    fields = (_fields(entry) for entry in listed)
    if carrier.job.audience is Audience.CONTACTS:
        return ExternalDigest(list(_bounded(DigestMessage(**one) for one in fields)), **given)
    both = (one | _internal(entry) for one, entry in zip(fields, listed, strict=True))
    return InternalDigest(list(_bounded(InternalDigestMessage(**one) for one in both)), **given)


def _bounded(messages: Iterable[M]) -> Iterator[M]:
    """As many of them as a template can show: a digest that says `and 9 more` is worth more than one that fails."""
    left = MOST_BYTES
    for one in islice(messages, MOST_MESSAGES):
        left -= len(msgspec.json.encode(one))
        if left < 0:
            return
        yield one


def _fields(entry: LedgerEntry) -> dict[str, Any]:
    context, ticket = entry.job.context, entry.job.context.ticket
    link = (ticket.link or "").strip()
    return {
        "trigger": entry.trigger,
        "other_triggers": [other for other in entry.job.other_triggers if other is not entry.trigger],
        "saved_at": context.saved_at,
        "ticket_id": ticket.id,
        "reference": reference_of(entry.job),
        "title": one_line(ticket.title, TITLE),
        "status": _short(ticket.status),
        "previous_status": _short(ticket.previous_status),
        "product": _short(ticket.product),
        "site": _short(ticket.site),
        "service": _short(ticket.service),
        "customer_name": _short(context.customer_name),
        # One that would be cut leads nowhere.
        "link": link if link and link == one_line(link, LINK) else None,
    }


def _internal(entry: LedgerEntry) -> dict[str, Any]:
    context = entry.job.context
    if not isinstance(context, InternalContext):
        return {"priority": None, "actor": None}
    return {"priority": _short(context.ticket.priority), "actor": _short(context.actor)}


def _short(text: str | None) -> str | None:
    return None if text is None else one_line(text, NAME)


def digest_variables(
    context: DigestContext, language: str, time_zone: str, keyword: str, unsubscribe_url: str | None
) -> dict[str, object]:
    """What the template of a digest may name."""
    whole = with_tickets(context)
    return {
        **{field: getattr(whole, field) for field in whole.__struct_fields__},
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
