"""`tocsin sender`: the sender as a service of its own, on Kafka."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import structlog
import typer

from adapters.kafka.settings import KafkaSettings, Membership
from adapters.sqlite.database import DatabaseError
from sender.ledger import LedgerUnavailableError
from tocsin.cli.console import UNUSABLE, RulesOption, stop
from tocsin.cli.kafka_options import CREDENTIALS, KafkaOption, PrefixOption, kafka_failures
from tocsin.cli.mail_options import RELAY, FaxOption, FromOption, InstallationOption, SmtpOption, TlsOption
from tocsin.logs import log_to_stderr
from tocsin.running.embedded import FolderInUseError, sole_owner
from tocsin.running.kafka import kafka_settings
from tocsin.running.mail import MailSettings, MailSettingsError
from tocsin.running.sender import GROUP, sender_service

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=CREDENTIALS)(sender)


def sender(
    kafka: KafkaOption,
    data: Annotated[Path, typer.Option("--data", help="Folder for the ledger, which must not be lost.")],
    writer: FromOption,
    smtp: SmtpOption = RELAY,
    tls: TlsOption = "starttls",
    rules: RulesOption = None,
    installation: InstallationOption = None,
    fax: FaxOption = None,
    group: Annotated[str, typer.Option("--group", help="The group that reads the jobs.")] = GROUP,
    prefix: PrefixOption = "",
) -> None:
    """Deliver the jobs of topic tocsin.jobs, each once, in the order of each ticket and mailbox.

    A job is in the ledger before its position on Kafka moves on. Killed at any moment and started again, no job is
    lost; one that was on its way to the relay is tried again later, with the same Message-ID. One sender works on a
    ledger. Stop it with Ctrl-C or SIGTERM: what is under way is finished. Templates beside the rule file are watched.

    Credentials for the relay come from the environment: TOCSIN_SMTP_USERNAME, and TOCSIN_SMTP_PASSWORD or
    TOCSIN_SMTP_PASSWORD_FILE.
    """
    log_to_stderr()
    try:
        with kafka_failures(), sole_owner(data):
            mail = MailSettings.of(smtp, tls, writer, installation, fax)
            membership = Membership(group, "sender")
            asyncio.run(_work(kafka_settings(kafka, prefix), membership, data, rules, mail))
    except (MailSettingsError, FolderInUseError, DatabaseError, LedgerUnavailableError) as error:
        stop(str(error), UNUSABLE)


async def _work(
    settings: KafkaSettings, membership: Membership, data: Path, rules: Path | None, mail: MailSettings
) -> None:
    async with sender_service(settings, membership, data, rules, mail) as service:
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        log.info("up", group=membership.group, data=str(data))
        await service.run(stopping)
        log.info("stopped")
