"""The Composer of a running sender. It makes drafts itself, and child processes write the messages."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence

from msgspec.structs import replace

from adapters.jinja.sources import TemplateSources
from adapters.writing.protocol import Setup, Stationery, encoded
from adapters.writing.writer import ChildWriter, WritingFailedError
from schemas.job import Form, Job
from schemas.vocabulary import Channel, Trigger
from sender.messages.composer import Draft, Drafts, MessageWriter
from sender.messages.fax import FaxForm
from sender.ports import Composed, Part, TemplateFaultError
from sender.records import LedgerEntry


class ChildComposer:
    """A Composer. Each message is written with one set of templates. A second child draws the pages of faxes.

    Where a child fails at a message, that message gets the built-in text, and its fault names the template and the
    failure. A fax gets that text on pages. If the pages fail too, the text is the body of its mail.
    """

    def __init__(self, drafts: Drafts, stationery: Stationery, *, draws_pages: bool = False) -> None:
        self._drafts = drafts
        # Drafts already hold ids and return paths, so the secrets that sign these never reach the child.
        self._stationery = replace(stationery, identity=replace(stationery.identity, secrets=()))
        self._fonts = tempfile.TemporaryDirectory(prefix="tocsin-fonts-") if draws_pages else None
        self._plain = self._plain_writer(None)
        self.writer = ChildWriter()
        self.fax_writer = ChildWriter() if draws_pages else None

    def use(self, sources: TemplateSources, fax_region: str | None = None) -> None:
        """Write with these templates from now on. Any thread may call it. The first call starts the children."""
        self._plain = self._plain_writer(fax_region)
        self.writer.use(encoded(Setup(self._stationery, sources.texts, fax_region)))
        if self.fax_writer is not None and self._fonts is not None:
            with_pages = replace(self._stationery, fax_folder=self._fonts.name)
            self.fax_writer.use(encoded(Setup(with_pages, sources.texts, fax_region)))

    async def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        """See sender.ports.Composer."""
        return await self._written(self._drafts.message(job, trigger, form))

    async def digest(self, carrier: LedgerEntry, listed: Sequence[LedgerEntry]) -> Composed:
        """See sender.ports.Composer."""
        return await self._written(await asyncio.to_thread(self._drafts.digest, carrier, listed))

    def close(self) -> None:
        """End the children. No message may be asked for afterwards."""
        self.writer.close()
        if self.fax_writer is not None:
            self.fax_writer.close()
        if self._fonts is not None:
            self._fonts.cleanup()

    async def _written(self, draft: Draft) -> Composed:
        drawer = self.fax_writer if draft.job.channel is Channel.FAX else None
        try:
            return await (drawer or self.writer).write(draft)
        except WritingFailedError as error:
            what = draft.form.template if draft.digests or not draft.texts else "a digest"
            fault = f"{what} ({', '.join(draft.job.languages)}): {error}"
        plain = draft.built_in()
        if drawer is not None:
            try:
                return replace(await drawer.write(plain), fault=fault)
            except WritingFailedError as error:
                fault = f"{fault}; its pages: {error}"
        return replace(self._plain.write(plain), fault=fault)

    def _plain_writer(self, fax_region: str | None) -> MessageWriter:
        fax = FaxForm(self._stationery.fax_subject)
        own = self._stationery
        return MessageWriter(_NoTemplates(), own.identity, own.mode, fax, fax_region, own.texts)


class _NoTemplates:
    """A Renderer without templates, for messages with the built-in text."""

    def render(self, template: str, language: str, part: Part, variables: object) -> str:  # noqa: ARG002
        raise TemplateFaultError(template, None, "TemplateNotFound")
