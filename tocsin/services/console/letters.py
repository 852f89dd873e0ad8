"""Messages as their readers see them, by the templates in force: written as the sender does, in a child process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
from msgspec import Struct

from adapters.jinja.sources import TemplateSources
from adapters.writing.composer import ChildComposer
from adapters.writing.protocol import WRITING
from console.screens.letter import Letter, NoLetterError
from sender.ports import Composed
from sender.records import LedgerEntry
from tocsin.authoring.preview.rendering import parts_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

log = structlog.get_logger()

PATIENCE: Final = WRITING.seconds + 10.0
"""Seconds for one message. The child's own limits come first."""


ENDS_WITHIN: Final = 5.0
"""Seconds."""


class Templates(Struct, frozen=True):
    """What is in force: all templates, and the region of fax numbers."""

    sources: TemplateSources
    fax_region: str | None = None


class Writing(Struct, frozen=True):
    """How messages are written: `composer` makes one that knows no links to opt out, `templates` are those in force."""

    composer: Callable[[], ChildComposer]
    templates: Callable[[], Templates]


class LettersInForce:
    """Letters, once it is opened. Threads may share it. The child starts with the first message; `close` ends it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._writing: Writing | None = None
        self._composer: ChildComposer | None = None
        self._used: TemplateSources | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def open(self, writing: Writing) -> None:
        """From now on, messages are written by this."""
        with self._turn:
            self._writing = writing

    def letter(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> Letter:
        """See console.screens.letter.Letters."""
        composed = self._composed(entry, listed)
        parts = parts_of(", ".join(entry.job.languages), composed.message, composed.fault)
        return Letter(parts.headers, parts.subject, parts.text, parts.html, composed.fault)

    def close(self) -> None:
        """End the child and the thread that asks it."""
        with self._turn:
            composer, loop, thread = self._composer, self._loop, self._thread
            self._writing = self._composer = self._loop = self._thread = None
        if composer is None or loop is None or thread is None:
            return
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_ended(composer), loop).result(ENDS_WITHIN)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(ENDS_WITHIN)
        if not loop.is_running():
            loop.close()

    def _composed(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> Composed:
        asked = self._asked(entry, listed)
        try:
            return asked.result(PATIENCE)
        except TimeoutError:
            asked.cancel()
            raise NoLetterError("letter.slow") from None
        except Exception as error:
            # Whatever one message does to the composer; its words may hold a text of the ticket.
            log.warning("console_letter_failed", job=entry.job.id, error=type(error).__name__)
            raise NoLetterError("letter.failed", type(error).__name__) from error

    def _asked(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> Future[Composed]:
        with self._turn:
            if self._writing is None:
                raise NoLetterError("letter.not_ready")
            composer, loop = self._ready(self._writing)
            work: Coroutine[object, object, Composed] = (
                composer.digest(entry, listed) if listed else composer.compose(entry.job, entry.trigger, entry.form)
            )
            return asyncio.run_coroutine_threadsafe(work, loop)

    def _ready(self, writing: Writing) -> tuple[ChildComposer, asyncio.AbstractEventLoop]:
        if self._composer is None or self._loop is None:
            self._composer, self._loop = writing.composer(), asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="console-letters", daemon=True)
            self._thread.start()
        templates = writing.templates()
        if self._used is not templates.sources:
            self._used = templates.sources
            self._composer.use(templates.sources, templates.fax_region)
        return self._composer, self._loop


async def _ended(composer: ChildComposer) -> None:
    """Close it on its own loop, so that what is under way hears of it."""
    composer.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
