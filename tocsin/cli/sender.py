"""`tocsin sender`: the sender as a service of its own, on Kafka."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer

from adapters.kafka.settings import Membership
from adapters.sqlite.database import DatabaseError
from sender.ledger import LedgerUnavailableError
from sender.storm import StormEnd
from tocsin.cli.console import UNUSABLE, RulesOption, stop
from tocsin.cli.kafka_options import CREDENTIALS, KafkaOption, PrefixOption, kafka_failures
from tocsin.cli.listen_option import ListenOption, address_failures, listen_address
from tocsin.cli.mail_options import (
    CONNECTIONS,
    FAX_SUBJECT,
    RELAY,
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
from tocsin.cli.sending_options import (
    STORM_LIMIT,
    STORM_WINDOW,
    LedgerOption,
    LiveCustomerOption,
    ModeOption,
    RateOption,
    StormEndOption,
    StormLimitOption,
    StormWindowOption,
    sending_settings,
)
from tocsin.cli.stop_options import WITHIN, LeaveOption, StopWithinOption
from tocsin.logs import log_to_stderr
from tocsin.running.deadline import stopping
from tocsin.running.embedded import FolderInUseError, sole_owner
from tocsin.running.groups import SENDER_GROUP
from tocsin.running.kafka import kafka_settings
from tocsin.running.ledgers import LedgerPlace
from tocsin.running.mail import MailSettings, MailSettingsError, RelayLimits
from tocsin.running.sender import SenderService, sender_service
from tocsin.running.sender_watch import SenderWatch
from tocsin.running.stopping import Stop

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=CREDENTIALS)(sender)


def sender(
    kafka: KafkaOption,
    data: Annotated[Path, typer.Option("--data", help="Folder of this process; the ledger is in it unless --ledger.")],
    writer: FromOption,
    smtp: SmtpOption = RELAY,
    tls: TlsOption = "starttls",
    rules: RulesOption = None,
    installation: InstallationOption = None,
    fax: FaxOption = None,
    fax_subject: FaxSubjectOption = FAX_SUBJECT,
    fax_pdf: FaxPdfOption = False,
    opt_out_url: OptOutUrlOption = None,
    opt_out_mailto: OptOutMailtoOption = None,
    ledger: LedgerOption = None,
    mode: ModeOption = "live",
    live_customer: LiveCustomerOption = None,
    storm_limit: StormLimitOption = STORM_LIMIT,
    storm_window: StormWindowOption = STORM_WINDOW,
    storm_end: StormEndOption = StormEnd.DIGEST,
    rate: RateOption = None,
    listen: ListenOption = None,
    connections: ConnectionsOption = CONNECTIONS,
    plain_text_allowed: PlainTextOption = False,
    instance: Annotated[
        str, typer.Option("--instance", envvar="TOCSIN_INSTANCE", help="Name of this process among its like.")
    ] = "sender",
    group: Annotated[str, typer.Option("--group", help="The group that reads the jobs.")] = SENDER_GROUP,
    prefix: PrefixOption = "",
    leave: LeaveOption = False,
    stop_within: StopWithinOption = WITHIN,
) -> None:
    """Deliver the jobs of topic tocsin.jobs, each once, in the order of each ticket and mailbox.

    A job is in the ledger before its position on Kafka moves on. Killed at any moment and started again, no job is
    lost; one that was on its way to the relay is tried again later, with the same Message-ID. One sender works on a
    ledger in --data; on one in PostgreSQL as many as you like, each with an --instance and --data of its own.
    Templates beside the rule file are watched.

    Stop it with Ctrl-C or SIGTERM: what is under way is finished, within --stop-within. A message that was cut, then or
    by a second signal, is tried again later, as after a kill. Its place in the group is kept for a restart, unless it
    is to --leave.

    Credentials for the relay come from the environment: TOCSIN_SMTP_USERNAME, and TOCSIN_SMTP_PASSWORD or
    TOCSIN_SMTP_PASSWORD_FILE; secrets of links to opt out from TOCSIN_OPT_OUT_SECRETS or TOCSIN_OPT_OUT_SECRETS_FILE.
    """
    log_to_stderr()
    sending = sending_settings(mode, live_customer, storm_limit, storm_window, storm_end, rate)
    try:
        watch = SenderWatch()
        shown = watch.answering(None if listen is None else listen_address(listen))
        within = timedelta(seconds=stop_within)
        with stopping(within) as asked, kafka_failures(), address_failures(), sole_owner(data), shown:
            limits = RelayLimits(connections, plain_text_allowed)
            mail = MailSettings.of(smtp, tls, writer, installation, fax, limits=limits)
            mail = mail.with_forms(opt_out_url, opt_out_mailto, fax_subject, fax_pdf)
            service = sender_service(
                kafka_settings(kafka, prefix),
                Membership(group, instance),
                LedgerPlace(data, ledger),
                rules,
                mail,
                sending,
                watch,
                leave=leave,
            )
            asyncio.run(_work(service, group, asked))
    except (MailSettingsError, FolderInUseError, DatabaseError, LedgerUnavailableError) as error:
        stop(str(error), UNUSABLE)


async def _work(made: AbstractAsyncContextManager[SenderService], group: str, asked: Stop) -> None:
    async with made as service:
        log.info("up", group=group)
        await service.run(asked)
        log.info("stopped")
