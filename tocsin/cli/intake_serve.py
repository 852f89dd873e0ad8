"""`tocsin intake serve`: the intake as a service of its own, on Kafka and PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from tocsin.cli.options import Form
from tocsin.cli.starting import listen_address, log_as_told, naming_address
from tocsin.config.settings.declared.http import HTTP_LISTEN, HTTP_PREVIEW
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import INSTANCE_NAME, LISTEN_ADDRESS, RULES, STOP_WITHIN
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.http import HttpSettings
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.config.wiring.opt_out import pseudonyms_of
from tocsin.services.intake.answering import ALONE, answering
from tocsin.services.intake.followed_previews import PreviewSettings
from tocsin.services.intake.service import IntakeSettings, intake_service
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.stopping import StoppedError
from tocsin.services.monitoring.intake import PostsMonitor

log = structlog.get_logger()

FORMS: Final = (
    Form(KAFKA, is_needed=True),
    Form(INSTANCE_NAME, is_needed=True),
    Form(LEDGER, is_needed=True, meaning="The PostgreSQL database of the senders, postgresql://…"),
    Form(HTTP_LISTEN, is_needed=True, meaning="HOST:PORT of plain HTTP to post to; that of --listen may be the same."),
)


def serve(settings: Settings) -> None:
    """Take in what is posted: events at /v1/events, webhooks of helpdesks at /v1/hooks/NAME. docs/http.md.

    A post is answered with yes once Kafka has its event for good. What helpdesks have posted is kept in the senders'
    database until then: killed at any moment and started again, no event is lost. Run as many as you like on one
    database, each with an --instance of its own. Mappings are watched; contracts are looked up in topic
    helpdesk.directory. While Kafka or the database is away, posts are answered with 503, and /readyz says what is
    missing.

    Questions about past decisions and messages are answered too, and with --preview who would be told before a ticket
    is saved: docs/questions.md.

    Whoever posts events needs the token in TOCSIN_HTTP_TOKEN or TOCSIN_HTTP_TOKEN_FILE, or one of the file that
    --http-tokens names; webhooks are signed with the secrets in TOCSIN_INTAKE_SECRETS or TOCSIN_INTAKE_SECRETS_FILE.
    Stop it with Ctrl-C or SIGTERM: posts that are under way are answered, within --stop-within. All settings:
    docs/settings.md, `tocsin settings`.
    """
    log_as_told(settings)
    within = timedelta(seconds=settings.given(STOP_WITHIN))
    with stopping(within) as asked, naming_address(settings, LISTEN_ADDRESS, HTTP_LISTEN):
        http, instance = HttpSettings.needed(settings), settings.given(INSTANCE_NAME)
        preview = PreviewSettings(settings[RULES], pseudonyms_of(settings)) if settings[HTTP_PREVIEW] else None
        place = IntakeSettings(kafka_settings(settings), settings.given(LEDGER), instance, preview)
        monitor = PostsMonitor()
        with (
            suppress(StoppedError),
            intake_service(place, http, monitor, asked) as service,
            answering(monitor, listen_address(settings), http, service.posts, ALONE),
        ):
            log.info("up", instance=instance)
            asyncio.run(service.run(asked))
        log.info("stopped")
