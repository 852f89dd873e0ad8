"""Embedded mode, wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.files.directory_source import FolderDirectory
from adapters.jinja.renderer import JinjaRenderer
from sender.ports import Part
from tocsin.clock import SystemClock
from tocsin.running.embedded import Embedded, Sources
from tocsin.running.embedded_watch import EmbeddedWatch
from tocsin.running.engine_watch import WatchedDirectory
from tocsin.running.health import HealthFile
from tocsin.running.mail import MailSettings
from tocsin.running.people import DirectoryPeople
from tocsin.running.rules_in_force import WatchedRules, health_of
from tocsin.running.sending import EVERYTHING, SendingSettings
from tocsin.running.tracing import tracing


class CurrentRenderer:
    """A Renderer of the templates in force: swapped whole, so that a message is never of two versions."""

    def __init__(self) -> None:
        self._renderer: JinjaRenderer | None = None

    def use(self, renderer: JinjaRenderer) -> None:
        """Render with these templates from now on."""
        self._renderer = renderer

    def render(self, template: str, language: str, part: Part, variables: Mapping[str, object]) -> str:
        """See sender.ports.Renderer."""
        if self._renderer is None:
            raise RuntimeError("no templates are in force yet")
        return self._renderer.render(template, language, part, variables)


@asynccontextmanager
async def embedded_service(
    database: Path,
    directory: Path,
    rules: Path | None,
    mail: MailSettings,
    health: HealthFile,
    sending: SendingSettings = EVERYTHING,
    watch: EmbeddedWatch | None = None,
) -> AsyncIterator[Embedded]:
    """Engine and sender on one file; `watch` sees what they do.

    Raises RuleFileError, OSError, DatabaseError and TracingSettingsError at the start.
    """
    clock, renderer, seen = SystemClock(), CurrentRenderer(), watch or EmbeddedWatch()

    def on_change(watched: WatchedRules) -> None:
        seen.rules_changed(watched)
        if not watched.faults:
            renderer.use(JinjaRenderer(watched.loaded.templates))
        health.write(health_of(watched, clock.now()))

    watched = WatchedRules(rules, on_change)
    try:
        composer = mail.composer(renderer, sending.mode)
        # A directory of its own for each thread: a folder is small.
        people = DirectoryPeople(FolderDirectory(directory))
        watched_directory = WatchedDirectory(FolderDirectory(directory), seen)
        sources = Sources(watched_directory, watched, people, composer, mail.transport(), clock)
        with tracing("tocsin", system="sqlite") as tracers:
            service = Embedded(database, sources, sending, seen, tracers)
            try:
                yield service
            finally:
                await service.close()
    finally:
        watched.close()
