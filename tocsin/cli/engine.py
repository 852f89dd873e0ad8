"""`tocsin engine`: the engine as a service of its own, on Kafka."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import structlog
import typer

from adapters.kafka.settings import Membership
from tocsin.cli.console import RulesOption
from tocsin.cli.kafka_options import CREDENTIALS, KafkaOption, PrefixOption, kafka_failures
from tocsin.cli.listen_option import ListenOption, address_failures, listen_address
from tocsin.logs import log_to_stderr
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
    leave: Annotated[
        bool, typer.Option("--leave", help="When stopped, give up the place in the group: others take over at once.")
    ] = False,
) -> None:
    """Decide the events of topic helpdesk.tickets; jobs, decisions and dead letters go to their topics.

    Each batch is one transaction: killed at any moment and started again, no event is lost and none decided twice. Run
    as many as there are partitions, each with an --instance of its own. Stop one with Ctrl-C or SIGTERM: its batch is
    finished. Directory and rules are watched.

    It ends by itself with exit code 4 where Kafka leaves a transaction without an answer: let it be started again.
    """
    log_to_stderr()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopping.set())
    with kafka_failures(), address_failures():
        settings, membership = kafka_settings(kafka, prefix), Membership(group, instance)
        folder = None if health is None else HealthFile(health)
        watch = EngineWatch(instance)
        with ExitStack() as stack:
            if listen is not None:
                stack.enter_context(watch.shown(listen_address(listen), settings, group))
            service = stack.enter_context(engine_service(settings, membership, rules, folder, leave=leave, watch=watch))
            log.info("up", group=group, instance=instance)
            service.run(stopping)
        log.info("stopped")
