"""`tocsin engine`: the engine as a service of its own, on Kafka."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import structlog
import typer

from tocsin.cli.options import KAFKA_CREDENTIALS, add_command
from tocsin.cli.starting import listen_address, log_as_told, naming_address
from tocsin.config.settings.declared.processes import (
    ENGINE_GROUP,
    ENGINE_HEALTH,
    ENGINE_LEAVE,
    LISTEN_ADDRESS,
    RULES,
    STOP_WITHIN,
)
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings, membership
from tocsin.config.wiring.opt_out import pseudonyms_of
from tocsin.services.engine import Leaving, engine_service
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.stopping import StoppedError
from tocsin.services.monitoring.engine import EngineMonitor

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "engine", engine, epilog=KAFKA_CREDENTIALS)


def engine(settings: Settings) -> None:
    """Decide the events of topic helpdesk.tickets; jobs, decisions and dead letters go to their topics.

    Each batch is one transaction: killed at any moment and started again, no event is lost and none decided twice. Run
    as many as there are partitions, each with an --instance of its own. Directory and rules are watched.

    Stop one with Ctrl-C or SIGTERM: its batch is finished, within --stop-within; a batch that was cut, then or by a
    second signal, is decided again. Its place in the group is kept for a restart, unless its directory takes long to
    load: then the others take over at once. --leave and --no-leave say which, whatever its directory.

    What people asked for who were forgotten since (docs/privacy.md) is recognised by the senders' secrets:
    TOCSIN_MAIL_SECRETS or TOCSIN_MAIL_SECRETS_FILE.

    It ends by itself with exit code 4 where Kafka leaves a transaction without an answer: let it be started again.
    """
    log_as_told(settings)
    within = timedelta(seconds=settings.given(STOP_WITHIN))
    with stopping(within) as asked, naming_address(settings, LISTEN_ADDRESS):
        cluster, place = kafka_settings(settings), membership(settings, ENGINE_GROUP)
        monitor = EngineMonitor(place.instance)
        with (
            suppress(StoppedError),
            monitor.shown(listen_address(settings), cluster, place.group),
            engine_service(
                cluster,
                place,
                settings[RULES],
                settings[ENGINE_HEALTH],
                leaving=Leaving(settings[ENGINE_LEAVE]),
                monitor=monitor,
                stop=asked,
                pseudonyms=pseudonyms_of(settings),
            ) as service,
        ):
            log.info("up", group=place.group, instance=place.instance)
            service.run(asked)
        log.info("stopped")
