"""`tocsin sender`: the sender as a service of its own, on Kafka."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from typing import Annotated

import structlog
import typer

from adapters.sqlite.database import DatabaseError
from sender.ledger.port import LedgerUnavailableError
from sender.storms.storm import StormEnd
from tocsin.cli.console import UNUSABLE, stop
from tocsin.cli.kafka_options import CREDENTIALS, KafkaOption, PrefixOption, cluster, kafka_failures, membership
from tocsin.cli.ledger_options import LedgerOption
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
from tocsin.cli.process_options import STOP_WITHIN, FolderOption, InstanceOption, RulesInForceOption, StopWithinOption
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
from tocsin.cli.settled import by_default, in_force, option
from tocsin.cli.starting import log_as_told
from tocsin.config.settings.declared.mail import MAIL_SECRETS
from tocsin.config.settings.declared.processes import SENDER_GROUP, SENDER_LEAVE
from tocsin.config.wiring.ledgers import LedgerPlace
from tocsin.config.wiring.mail import MailSettings, RelayLimits
from tocsin.config.wiring.signing import made_secrets
from tocsin.services.embedded import FolderInUseError, sole_owner
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.stopping import Stop, StoppedError
from tocsin.services.monitoring.sender import SenderWatch
from tocsin.services.sender import SenderService, sender_service

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=CREDENTIALS)(sender)


def sender(
    kafka: KafkaOption,
    data: FolderOption,
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
    instance: InstanceOption = "sender",
    group: Annotated[str, option(SENDER_GROUP)] = by_default(SENDER_GROUP),
    prefix: PrefixOption = "",
    leave: Annotated[bool, option(SENDER_LEAVE)] = False,
    stop_within: StopWithinOption = STOP_WITHIN,
) -> None:
    """Deliver the jobs of topic tocsin.jobs, each once, in the order of each ticket and mailbox.

    A job is in the ledger before its position on Kafka moves on. Killed at any moment and started again, no job is
    lost; one that was on its way to the relay is tried again later, with the same Message-ID. One sender works on a
    ledger in --data; on one in PostgreSQL as many as you like, each with an --instance and --data of its own.
    Templates beside the rule file are watched.

    Stop it with Ctrl-C or SIGTERM: what is under way is finished, within --stop-within. A message that was cut, then or
    by a second signal, is tried again later, as after a kill. Its place in the group is kept for a restart, unless it
    is to --leave.

    Credentials for the relay come from the environment or the settings file: TOCSIN_SMTP_USERNAME, and
    TOCSIN_SMTP_PASSWORD or TOCSIN_SMTP_PASSWORD_FILE. What Message-IDs and links to opt out are signed with comes from
    TOCSIN_MAIL_SECRETS or TOCSIN_MAIL_SECRETS_FILE, the same for all senders; without it, a ledger in --data has a
    secret of its own there, and on one in PostgreSQL bounces count for nothing. TOCSIN_SMTP_CA names the
    authorities to trust, TOCSIN_SMTP_HELLO the name to greet the relay with. All settings: docs/settings.md, `tocsin
    settings`.
    """
    log_as_told()
    sending = sending_settings(mode, live_customer, storm_limit, storm_window, storm_end, rate)
    try:
        watch = SenderWatch()
        shown = watch.answering(address_of(listen))
        within = timedelta(seconds=stop_within)
        with stopping(within) as asked, kafka_failures(), address_failures():
            limits = RelayLimits(connections, plain_text_allowed)
            mail = MailSettings.of(smtp, tls, writer, installation, fax, in_force(), limits)
            mail = mail.with_forms(opt_out_url, opt_out_mailto, fax_subject, fax_pdf, in_force())
            place = LedgerPlace(data, ledger)
            with sole_owner(data), shown:
                secrets = made_secrets(in_force(), place.options[0])
                if not secrets:
                    log.warning("no_secrets", said=f"bounces and complaints prove nothing: set {MAIL_SECRETS.names}")
                service = sender_service(
                    cluster(kafka, prefix),
                    membership(group, instance),
                    place,
                    rules,
                    mail.signed_by(secrets),
                    sending,
                    watch,
                    asked,
                    leave=leave,
                )
                asyncio.run(_work(service, group, asked))
    except (FolderInUseError, DatabaseError, LedgerUnavailableError) as error:
        stop(str(error), UNUSABLE)


async def _work(made: AbstractAsyncContextManager[SenderService], group: str, asked: Stop) -> None:
    with suppress(StoppedError):
        async with made as service:
            log.info("up", group=group)
            await service.run(asked)
    log.info("stopped")
