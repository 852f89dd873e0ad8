"""Embedded mode, wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from adapters.files.directory_source import FolderDirectory
from adapters.files.kept_files import FOLDER, KeptFiles
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from engine.ports import DirectorySource
from schemas.pseudonyms import Pseudonyms
from sender.messages.composer import NO_OPT_OUT
from tocsin.clock import SystemClock
from tocsin.config.settings.declared.history import KEPT
from tocsin.config.wiring.mail import MailSettings
from tocsin.config.wiring.sending import EVERYTHING, SendingSettings
from tocsin.config.wiring.telemetry import tracing
from tocsin.services.console.letters import Templates, Writing
from tocsin.services.embedded.directory import DirectoryPeople, OwnSuppressions, SuppressedDirectory
from tocsin.services.embedded.service import Embedded, EmbeddedMonitor, Sources
from tocsin.services.intake.previewing import Deciding
from tocsin.services.monitoring.engine import MonitoredDirectory
from tocsin.services.monitoring.health_file import HealthFile
from tocsin.services.outcomes import LivingPosting, posting_outcomes
from tocsin.services.reload.kept_rules import KeptRules
from tocsin.services.reload.rules_in_force import ReloadingRules
from tocsin.services.rule_changes import on_rules_change


class Read(Struct, frozen=True):
    """What was read, for whoever answers by HTTP: a directory for look-ups, and what previews decide by."""

    directory: DirectorySource
    deciding: Deciding
    shown: Deciding
    """The same for the console, whose pages are made in other threads than previews."""
    writing: Writing
    """How the console shows a message as its reader sees it."""


def _nobody(_read: Read) -> None:
    pass


class DirectoryFiles(Struct, frozen=True):
    """The folder (or file) with the directory's records, and whether a change of it may take away any number.

    `on_read` is given readings of its own, once the folder has been read.
    """

    path: Path
    removes_many: bool = False
    on_read: Callable[[Read], None] = _nobody


class Stored(Struct, frozen=True):
    """The file of embedded mode, and how long decisions are kept there to be found."""

    database: Path
    keep_history: timedelta = KEPT


@asynccontextmanager
async def embedded_service(
    stored: Stored,
    directory: DirectoryFiles,
    rules: Path | None,
    mail: MailSettings,
    health: HealthFile,
    sending: SendingSettings = EVERYTHING,
    monitor: EmbeddedMonitor | None = None,
) -> AsyncIterator[Embedded]:
    """Engine and sender on one file; `monitor` sees what they do.

    Raises FaultyFileError, DirectoryFilesError, OSError, DatabaseError, NoAuthoritiesError and TracingSettingsError at
    the start.
    """
    database = stored.database
    clock, seen, composer = SystemClock(), monitor or EmbeddedMonitor(), mail.composer(sending.mode)

    def directory_changed(read: FolderDirectory) -> None:
        named = [str(one) for one in read.unreadable]
        seen.directory_changed(named)
        health.write_directory(named)

    with closing(composer), ExitStack() as previewed:
        on_change = on_rules_change(seen, health, clock, composer)
        with closing(ReloadingRules(rules, on_change, kept=KeptRules(database.parent))) as reloading:
            kept = KeptFiles(database.parent / FOLDER, directory.path)
            folder = FolderDirectory(directory.path, kept, directory_changed, removes_many=directory.removes_many)
            # A reading of its own: the sender works in another thread than the engine, to which `folder` belongs.
            people = DirectoryPeople(folder.beside())
            monitored = MonitoredDirectory(folder, seen)
            pseudonyms = Pseudonyms(mail.opt_out.secrets)

            def apart() -> Deciding:
                event_log = previewed.enter_context(closing(SqliteLog(database)))
                own = OwnSuppressions(folder.beside(), pseudonyms)
                suppressed = SuppressedDirectory(own, event_log, pseudonyms)
                return Deciding(suppressed, lambda: reloading.loaded.rulebook)

            directory.on_read(Read(folder.beside(), apart(), apart(), _writing(mail, sending, reloading)))
            keep, transport = stored.keep_history, mail.transport()
            sources = Sources(monitored, reloading, people, composer, transport, clock, pseudonyms, keep)
            living = LivingPosting(seen.outcomes, seen.vitals, seen.waits_for_ledger)
            with (
                tracing("tocsin", system="sqlite") as tracers,
                posting_outcomes(sending.outcomes, lambda: SqliteOutcomePosts(database), clock, living) as posting,
            ):
                service = Embedded(database, sources, sending, seen, tracers, posting)
                try:
                    yield service
                finally:
                    await service.close()


def _writing(mail: MailSettings, sending: SendingSettings, rules: ReloadingRules) -> Writing:
    """Whoever looks at a message is not its reader: it is shown without links to opt out, and faxes as their text."""
    shown = replace(mail, opt_out=NO_OPT_OUT, fax_pdf=False)

    def templates() -> Templates:
        loaded = rules.loaded
        return Templates(loaded.templates, loaded.rulebook.policy.fax_region)

    return Writing(lambda: shown.composer(sending.mode), templates)
