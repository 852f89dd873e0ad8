"""`tocsin sender`: the sender as a service of its own, on Kafka."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

import structlog
import typer

from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.cli.starting import listen_address, log_as_told, naming_address
from tocsin.config.settings.declared.mail import MAIL_SECRETS
from tocsin.config.settings.declared.processes import (
    INSTANCE_NAME,
    LISTEN_ADDRESS,
    RULES,
    SENDER_GROUP,
    SENDER_LEAVE,
    STOP_WITHIN,
)
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings, membership
from tocsin.config.wiring.ledgers import LedgerPlace
from tocsin.config.wiring.mail import MailSettings
from tocsin.config.wiring.sending import SendingSettings
from tocsin.config.wiring.signing import made_secrets
from tocsin.services.embedded.data_folder import sole_owner
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.stopping import Stop, StoppedError
from tocsin.services.monitoring.sender import SenderMonitor
from tocsin.services.sender import SenderService, sender_service

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "sender", sender, Form(INSTANCE_NAME, default="sender"), epilog=KAFKA_CREDENTIALS)


def sender(settings: Settings) -> None:
    """Deliver the jobs of topic tocsin.jobs, each once, in the order of each ticket and mailbox.

    A job is in the ledger before its position on Kafka moves on. Killed at any moment and started again, no job is
    lost; one that was on its way to the relay is tried again later, with the same Message-ID. One sender works on a
    ledger in --data; on one in PostgreSQL as many as you like, each with an --instance and --data of its own.
    Templates beside the rule file are watched.

    Stop it with Ctrl-C or SIGTERM: what is under way is finished, within --stop-within. A message that was cut, then or
    by a second signal, is tried again later, as after a kill. Its place in the group is kept for a restart, unless it
    is to --leave.

    Credentials for the relay come from the environment or the settings file: TOCSIN_SMTP_USERNAME, and
    TOCSIN_SMTP_PASSWORD or TOCSIN_SMTP_PASSWORD_FILE. What Message-IDs and links to opt out are signed with comes
    from TOCSIN_MAIL_SECRETS or TOCSIN_MAIL_SECRETS_FILE, the same for all senders; without it, a ledger in --data
    has a secret of its own there, and on one in PostgreSQL bounces count for nothing. TOCSIN_SMTP_CA names the
    authorities to trust, TOCSIN_SMTP_HELLO the name to greet the relay with. With --outcomes it is posted to
    helpdesks what became of messages, signed with the secrets in TOCSIN_OUTCOMES_SECRETS or
    TOCSIN_OUTCOMES_SECRETS_FILE: docs/outcomes.md. All settings: docs/settings.md, `tocsin settings`.
    """
    log_as_told(settings)
    within = timedelta(seconds=settings.given(STOP_WITHIN))
    monitor = SenderMonitor()
    shown = monitor.answering(listen_address(settings))
    with stopping(within) as asked, naming_address(settings, LISTEN_ADDRESS):
        mail, place = MailSettings.of(settings), LedgerPlace.of(settings)
        with sole_owner(place.data), shown:
            secrets = made_secrets(settings, place.options[0])
            if not secrets:
                log.warning("no_secrets", said=f"bounces and complaints prove nothing: set {MAIL_SECRETS.names}")
            service = sender_service(
                kafka_settings(settings),
                membership(settings, SENDER_GROUP),
                place,
                settings[RULES],
                mail.signed_by(secrets),
                SendingSettings.of(settings),
                monitor,
                asked,
                leave=settings.given(SENDER_LEAVE),
            )
            asyncio.run(_work(service, settings.given(SENDER_GROUP), asked))


async def _work(made: AbstractAsyncContextManager[SenderService], group: str, asked: Stop) -> None:
    with suppress(StoppedError):
        async with made as service:
            log.info("up", group=group)
            await service.run(asked)
    log.info("stopped")
