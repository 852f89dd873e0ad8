"""`tocsin engine`: the engine as a service of its own, on Kafka."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer

from adapters.kafka.settings import Membership
from tocsin.cli.console import RulesOption
from tocsin.cli.kafka_options import CREDENTIALS, KafkaOption, PrefixOption, kafka_failures
from tocsin.cli.listen_option import ListenOption, address_failures, listen_address
from tocsin.cli.stop_options import WITHIN, LeaveOption, StopWithinOption
from tocsin.logs import log_to_stderr
from tocsin.running.deadline import stopping
from tocsin.running.engine import engine_service
from tocsin.running.engine_watch import EngineWatch
from tocsin.running.groups import ENGINE_GROUP
from tocsin.running.health import HealthFile
from tocsin.running.kafka import kafka_settings

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=CREDENTIALS)(engine)


def engine(
    kafka: KafkaOption,
    instance: Annotated[
        str,
        typer.Option(
            "--instance",
            envvar="TOCSIN_INSTANCE",
            help="Name of this process among its like: its own, and the same after each restart.",
        ),
    ],
    rules: RulesOption = None,
    group: Annotated[str, typer.Option("--group", help="The group that shares the work.")] = ENGINE_GROUP,
    prefix: PrefixOption = "",
    health: Annotated[
        Path | None, typer.Option("--health", help="Folder for health.json: rules in force, faults of rule files.")
    ] = None,
    listen: ListenOption = None,
    leave: LeaveOption = False,
    stop_within: StopWithinOption = WITHIN,
) -> None:
    """Decide the events of topic helpdesk.tickets; jobs, decisions and dead letters go to their topics.

    Each batch is one transaction: killed at any moment and started again, no event is lost and none decided twice. Run
    as many as there are partitions, each with an --instance of its own. Directory and rules are watched.

    Stop one with Ctrl-C or SIGTERM: its batch is finished, within --stop-within; a batch that was cut, then or by a
    second signal, is decided again. Its place in the group is kept for a restart, unless it is to --leave.

    It ends by itself with exit code 4 where Kafka leaves a transaction without an answer: let it be started again.
    """
    log_to_stderr()
    with stopping(timedelta(seconds=stop_within)) as asked, kafka_failures(), address_failures():
        settings, membership = kafka_settings(kafka, prefix), Membership(group, instance)
        folder = None if health is None else HealthFile(health)
        watch = EngineWatch(instance)
        with (
            watch.shown(None if listen is None else listen_address(listen), settings, group),
            engine_service(settings, membership, rules, folder, leave=leave, watch=watch) as service,
        ):
            log.info("up", group=group, instance=instance)
            service.run(asked)
        log.info("stopped")
