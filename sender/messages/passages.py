"""What a message says in each of its languages, and how several become the one text that goes out.

Mail programs don't show the parts of a `multipart/multilingual` (RFC 8255) as such. So the text part and the HTML part
hold all languages, one below the other, each whole: with its greeting, its times and labels, its footer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.job import Job, Translation
from schemas.language_tags import MOST_LANGUAGES
from sender.messages.joined_html import html_of_text, joined_html
from sender.messages.locales import own_name, tag_of
from sender.messages.message import Bodies
from sender.records import LedgerEntry

BETWEEN: Final = "\n\n===== {} =====\n\n"
"""Stands before the text of each further language, with its name."""


class Passage(Struct, frozen=True):
    """What a message says in one language: as text, and as HTML where that is its format."""

    language: str
    text: str
    html: str | None = None


def renditions(job: Job) -> list[Job]:
    """The job once for each of its languages, as if that were its only one; the first language first."""
    alone = replace(job, translations=[]) if job.translations else job
    return [alone, *(_translated(alone, one) for one in job.translations)]


def _translated(job: Job, translation: Translation) -> Job:
    statuses = {"status": translation.status, "previous_status": translation.previous_status}
    form = replace(job.form, subject_keyword=translation.subject_keyword)
    otherwise, digest = job.otherwise, job.digest
    if otherwise is not None:
        otherwise = replace(otherwise, form=replace(otherwise.form, subject_keyword=translation.otherwise_keyword))
    if digest is not None:
        digest = replace(digest, subject_keyword=translation.digest_keyword)
    return replace(
        job,
        language=translation.language,
        context=replace(job.context, ticket=replace(job.context.ticket, **statuses)),
        form=form,
        otherwise=otherwise,
        digest=digest,
    )


def in_language(entry: LedgerEntry, language: str) -> LedgerEntry:
    """The entry as it reads in this language; in its first one where it is not written in this one."""
    found = renditions(entry.job)
    return replace(entry, job=next((one for one in found if one.language == language), found[0]))


def with_languages_of(carrier: LedgerEntry, listed: Sequence[LedgerEntry]) -> LedgerEntry:
    """The carrier of a digest in its own languages, and below them in those of every listed job that has several.

    Jobs of one language add none, so that readers of one mailbox have the language of the carrier, as ever.
    """
    job, known = carrier.job, {*carrier.job.languages}
    found = [*job.translations]
    for other in (one for entry in listed if entry.job.translations for one in renditions(entry.job)):
        if other.language not in known and len(known) < MOST_LANGUAGES:
            known.add(other.language)
            ticket, keyword = job.context.ticket, "" if other.digest is None else other.digest.subject_keyword
            found.append(Translation(other.language, ticket.status, ticket.previous_status, digest_keyword=keyword))
    return replace(carrier, job=replace(job, translations=found))


def joined(passages: Sequence[Passage]) -> Bodies:
    """All passages as one text, and as one HTML text where any of them has HTML; each language is named.

    One that stands there twice is told once: two languages may both have fallen back to the built-in English.
    """
    first, *others = dict.fromkeys(passages)
    languages = tuple(tag_of(one.language) for one in (first, *others))
    if not others:
        return Bodies(first.text, first.html, languages=languages)
    text = " | ".join(own_name(one.language) for one in (first, *others)) + "\n\n" + joined_text([first, *others])
    pages = [(one.language, html_of_text(one.text) if one.html is None else one.html) for one in (first, *others)]
    html = joined_html(pages) if any(one.html is not None for one in passages) else None
    return Bodies(text, html, languages=languages)


def joined_text(passages: Sequence[Passage]) -> str:
    """The texts below each other, each but the first under the name of its language."""
    first, *others = passages
    below = (BETWEEN.format(own_name(one.language)) + one.text.strip("\r\n") for one in others)
    return first.text.strip("\r\n") + "".join(below)
