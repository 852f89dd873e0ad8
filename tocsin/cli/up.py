"""`tocsin up`: engine and sender in one process."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer

from adapters.sqlite.database import DatabaseError
from sender.ledger.port import LedgerUnavailableError
from sender.storms.storm import StormEnd
from tocsin.cli.console import UNUSABLE, named_failures, say, stop
from tocsin.cli.listen_option import ListenOption, address_failures, address_of
from tocsin.cli.mail_options import (
    CONNECTIONS,
    FAX_SUBJECT,
    RELAY,
    TLS,
    ConnectionsOption,
    FaxOption,
    FaxPdfOption,
    FaxSubjectOption,
    FromOption,
    InstallationOption,
    OptOutMailtoOption,
    OptOutUrlOption,
    PlainTextOption,
    SmtpOption,
    TlsOption,
)
from tocsin.cli.process_options import (
    STOP_WITHIN,
    FolderOption,
    FollowedDirectoryOption,
    RulesInForceOption,
    StopWithinOption,
)
from tocsin.cli.sending_options import (
    STORM_LIMIT,
    STORM_WINDOW,
    LiveCustomerOption,
    ModeOption,
    RateOption,
    StormEndOption,
    StormLimitOption,
    StormWindowOption,
    sending_settings,
)
from tocsin.cli.settled import in_force
from tocsin.cli.starting import log_as_told
from tocsin.config.data_folder import database_in
from tocsin.config.wiring.mail import MailSettings, RelayLimits
from tocsin.config.wiring.signing import made_secrets
from tocsin.services.embedded import Embedded, FolderInUseError, sole_owner
from tocsin.services.embedded_service import DirectoryFiles, embedded_service
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.monitoring.embedded import EmbeddedWatch
from tocsin.services.monitoring.health_file import HealthFile

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(up)


def up(
    data: FolderOption,
    directory: FollowedDirectoryOption,
    writer: FromOption,
    smtp: SmtpOption = RELAY,
    tls: TlsOption = TLS,
    rules: RulesInForceOption = None,
    installation: InstallationOption = None,
    fax: FaxOption = None,
    fax_subject: FaxSubjectOption = FAX_SUBJECT,
    fax_pdf: FaxPdfOption = False,
    opt_out_url: OptOutUrlOption = None,
    opt_out_mailto: OptOutMailtoOption = None,
    mode: ModeOption = "live",
    live_customer: LiveCustomerOption = None,
    storm_limit: StormLimitOption = STORM_LIMIT,
    storm_window: StormWindowOption = STORM_WINDOW,
    storm_end: StormEndOption = StormEnd.DIGEST,
    rate: RateOption = None,
    connections: ConnectionsOption = CONNECTIONS,
    plain_text_allowed: PlainTextOption = False,
    listen: ListenOption = None,
    stop_within: StopWithinOption = STOP_WITHIN,
    remove_many: Annotated[
        bool, typer.Option("--remove-many", help="Let changes of the directory remove more than a fifth of a kind.")
    ] = False,
    drain: Annotated[bool, typer.Option("--drain", help="Do what there is to do, then stop.")] = False,
) -> None:
    """Run engine and sender in one process, on one file in the data folder; events come by `tocsin emit`.

    Stop it with Ctrl-C or SIGTERM: what is under way is finished, within --stop-within; what was cut, then or by a
    second signal, is done again as after a kill. Killed at any moment and started again it loses nothing and doubles
    no job. Directory, rules and templates are watched: a change is checked, then used; a bad rule
    file changes nothing, of a directory file that can't be read the last good content stays in force, and a change that
    takes away more than a fifth of a kind of record is held, unless it is to --remove-many.

    Credentials for the relay come from the environment or the settings file: TOCSIN_SMTP_USERNAME, and
    TOCSIN_SMTP_PASSWORD or TOCSIN_SMTP_PASSWORD_FILE. What Message-IDs and links to opt out are signed with is in the
    file `secrets` of the data folder, unless TOCSIN_MAIL_SECRETS or TOCSIN_MAIL_SECRETS_FILE give it. TOCSIN_SMTP_CA
    names the authorities to trust, TOCSIN_SMTP_HELLO the name to greet the relay with. All settings: docs/settings.md,
    `tocsin settings`.
    """
    log_as_told()
    sending = sending_settings(mode, live_customer, storm_limit, storm_window, storm_end, rate)
    try:
        watch, within = EmbeddedWatch(), timedelta(seconds=stop_within)
        shown = watch.answering(address_of(listen))
        with stopping(within) as asked, named_failures(), address_failures():
            limits = RelayLimits(connections, plain_text_allowed)
            mail = MailSettings.of(smtp, tls, writer, installation, fax, in_force(), limits)
            mail = mail.with_forms(opt_out_url, opt_out_mailto, fax_subject, fax_pdf, in_force())
            with sole_owner(data), shown:
                mail = mail.signed_by(made_secrets(in_force(), data))
                files = DirectoryFiles(directory, remove_many)
                service = embedded_service(database_in(data), files, rules, mail, HealthFile(data), sending, watch)
                asyncio.run(_work(service, data, drain, asked))
    except (FolderInUseError, DatabaseError, LedgerUnavailableError) as error:
        stop(str(error), UNUSABLE)


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
