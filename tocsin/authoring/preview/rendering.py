"""Jobs rendered by the sender's own composer, and the parts of what comes out."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Sequence
from contextlib import closing
from email.message import MIMEPart
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from adapters.jinja.sources import TemplateSources
from adapters.writing.composer import ChildComposer
from adapters.writing.protocol import Stationery
from schemas.job import Job
from sender.messages.addresses import MailIdentity
from sender.messages.composer import Drafts
from sender.ports import Composer, OutgoingMessage, OutgoingText
from sender.records import LedgerEntry

IDENTITY: Final = MailIdentity(
    "preview@preview.example", "Preview", "preview@preview.example", "preview.example", "{number}@fax.example"
)
"""Who writes: nobody, since nothing is sent."""


class Rendered(Struct, frozen=True):
    """A message, with the names of its languages. `fault` says why the built-in text stands in for the template."""

    language: str
    subject: str
    text: str
    html: str | None
    fault: str | None
    headers: Sequence[tuple[str, str]] = ()


_OF_FORM: Final = ("date", "mime-version", "content-type", "content-transfer-encoding")
"""Header fields that say nothing of a message but how and when it was written."""


def render(jobs: list[Job], template: str, sources: TemplateSources) -> list[Rendered]:
    """The messages of these jobs by this template."""
    # In a child process, as in the sender: a template that hangs or crashes does not take the command with it.
    with closing(ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))) as composer:
        composer.use(sources)
        return asyncio.run(_rendered(composer, jobs, template))


async def _rendered(composer: Composer, jobs: list[Job], template: str) -> list[Rendered]:
    found = []
    for job in jobs:
        composed = await composer.compose(job, job.trigger, replace(job.form, template=template))
        found.append(parts_of(", ".join(job.languages), composed.message, composed.fault))
    return found


def render_digests(digests: Sequence[tuple[str, Sequence[LedgerEntry]]], sources: TemplateSources) -> list[Rendered]:
    """These digests, each under the names of its languages, by the template that its jobs name; the last carries it."""
    with closing(ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY))) as composer:
        composer.use(sources)
        return asyncio.run(_rendered_digests(composer, digests))


async def _rendered_digests(composer: Composer, digests: Sequence[tuple[str, Sequence[LedgerEntry]]]) -> list[Rendered]:
    found = []
    for languages, entries in digests:
        composed = await composer.digest(entries[-1], entries)
        found.append(parts_of(languages, composed.message, composed.fault))
    return found


def parts_of(language: str, composed: OutgoingMessage, fault: str | None) -> Rendered:
    """What a reader sees of a message, and its header fields but for those of its form."""
    if isinstance(composed, OutgoingText):
        return Rendered(language, composed.subject, composed.text, None, fault)
    message = email.message_from_bytes(composed.content, policy=email.policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return Rendered(
        language,
        str(message["Subject"]),
        "" if text is None else content_of(text),
        None if html is None else content_of(html),
        fault,
        [(name, str(value)) for name, value in message.items() if name.lower() not in _OF_FORM],
    )


def content_of(part: MIMEPart) -> str:
    """The text of a part of a mail, whose lines end with CR LF there (RFC 5322, section 2.1), in lines as elsewhere."""
    return str(part.get_content()).replace("\r\n", "\n")
