"""`tocsin up`: engine and sender in one process."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer

from tocsin.cli.console import say
from tocsin.cli.options import add_command
from tocsin.cli.starting import listen_address, log_as_told, naming_address
from tocsin.clock import SystemClock
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.history import KEEP
from tocsin.config.settings.declared.http import HTTP_LISTEN
from tocsin.config.settings.declared.processes import DATA, DIRECTORY, LISTEN_ADDRESS, RULES, STOP_WITHIN
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.console import ConsoleSettings
from tocsin.config.wiring.http import HttpSettings
from tocsin.config.wiring.mail import MailSettings
from tocsin.config.wiring.sending import SendingSettings
from tocsin.config.wiring.signing import made_secrets
from tocsin.services.embedded.answering import ConsoleDoor, Doors
from tocsin.services.embedded.data_folder import sole_owner
from tocsin.services.embedded.service import Embedded, EmbeddedMonitor
from tocsin.services.embedded.wiring import DirectoryFiles, Stored, embedded_service
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.monitoring.health_file import HealthFile

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "up", up)


def up(
    settings: Settings,
    remove_many: Annotated[
        bool, typer.Option("--remove-many", help="Let changes of the directory remove more than a fifth of a kind.")
    ] = False,
    drain: Annotated[bool, typer.Option("--drain", help="Do what there is to do, then stop.")] = False,
) -> None:
    """Run engine and sender in one process, on one file in the data folder; events come by `tocsin emit`, or by HTTP.

    Stop it with Ctrl-C or SIGTERM: what is under way is finished, within --stop-within; what was cut, then or by a
    second signal, is done again as after a kill. Killed at any moment and started again it loses nothing and doubles
    no job. Directory, rules and templates are watched: a change is checked, then used; a bad rule
    file changes nothing, of a directory file that can't be read the last good content stays in force, and a change that
    takes away more than a fifth of a kind of record is held, unless it is to --remove-many.

    Credentials for the relay come from the environment or the settings file: TOCSIN_SMTP_USERNAME, and
    TOCSIN_SMTP_PASSWORD or TOCSIN_SMTP_PASSWORD_FILE. What Message-IDs and links to opt out are signed with is in
    the file `secrets` of the data folder, unless TOCSIN_MAIL_SECRETS or TOCSIN_MAIL_SECRETS_FILE give it.
    TOCSIN_SMTP_CA names the authorities to trust, TOCSIN_SMTP_HELLO the name to greet the relay with. With --http
    events are posted to /v1/events, with the token in TOCSIN_HTTP_TOKEN or TOCSIN_HTTP_TOKEN_FILE, and webhooks to
    /v1/hooks/NAME, signed with the secrets in TOCSIN_INTAKE_SECRETS or TOCSIN_INTAKE_SECRETS_FILE: docs/http.md;
    and people find the console at /console, to which the first of them is signed in by a link that is printed:
    docs/console.md. With --outcomes it is posted to helpdesks what became of messages, signed with the secrets in
    TOCSIN_OUTCOMES_SECRETS or TOCSIN_OUTCOMES_SECRETS_FILE: docs/outcomes.md. All settings: docs/settings.md,
    `tocsin settings`.
    """
    log_as_told(settings)
    data, within = settings.given(DATA), timedelta(seconds=settings.given(STOP_WITHIN))
    monitor = EmbeddedMonitor()
    with stopping(within) as asked, naming_address(settings, LISTEN_ADDRESS, HTTP_LISTEN):
        mail, sending, http = MailSettings.of(settings), SendingSettings.of(settings), HttpSettings.of(settings)
        console = ConsoleSettings.of(settings)
        door = None if console is None else ConsoleDoor(console, say)
        doors = Doors(http, database_in(data), SystemClock(), door)
        with sole_owner(data), doors.answering(monitor, listen_address(settings)):
            mail = mail.signed_by(made_secrets(settings, data))
            files, rules = DirectoryFiles(settings.given(DIRECTORY), remove_many, doors.directory_read), settings[RULES]
            stored = Stored(database_in(data), timedelta(days=settings.given(KEEP)))
            service = embedded_service(stored, files, rules, mail, HealthFile(data), sending, monitor)
            asyncio.run(_work(service, data, drain, asked))


async def _work(made: AbstractAsyncContextManager[Embedded], data: Path, drain: bool, asked: Stop) -> None:
    async with made as service:
        if drain:
            await service.drain(asked)
            say(_summary(service))
            return
        log.info("up", data=str(data))
        await service.run(asked)
        log.info("stopped")


def _summary(service: Embedded) -> str:
    counts = {state.value: number for state, number in service.ledger.counts().items() if number}
    return "jobs: " + (", ".join(f"{number} {state}" for state, number in counts.items()) or "none")
