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
from tocsin.cli.kafka_options import CREDENTIALS, KafkaOption, PrefixOption, cluster, kafka_failures
from tocsin.cli.listen_option import ListenOption, address_failures
from tocsin.cli.process_options import InstanceOption, RulesInForceOption
from tocsin.cli.settled import by_default, option, warn_of_unknown_variables
from tocsin.logs import log_to_stderr
from tocsin.running.engine import engine_service
from tocsin.running.engine_watch import EngineWatch
from tocsin.running.health import HealthFile
from tocsin.settings.declared.processes import ENGINE_GROUP, ENGINE_HEALTH, ENGINE_LEAVE
from tocsin.settings.forms import listening

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=CREDENTIALS)(engine)


def engine(
    kafka: KafkaOption,
    instance: InstanceOption,
    rules: RulesInForceOption = None,
    group: Annotated[str, option(ENGINE_GROUP)] = by_default(ENGINE_GROUP),
    prefix: PrefixOption = "",
    health: Annotated[Path | None, option(ENGINE_HEALTH)] = None,
    listen: ListenOption = None,
    leave: Annotated[bool, option(ENGINE_LEAVE)] = False,
) -> None:
    """Decide the events of topic helpdesk.tickets; jobs, decisions and dead letters go to their topics.

    Each batch is one transaction: killed at any moment and started again, no event is lost and none decided twice. Run
    as many as there are partitions, each with an --instance of its own. Stop one with Ctrl-C or SIGTERM: its batch is
    finished. Directory and rules are watched.

    It ends by itself with exit code 4 where Kafka leaves a transaction without an answer: let it be started again.
    """
    log_to_stderr()
    warn_of_unknown_variables()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopping.set())
    with kafka_failures(), address_failures():
        settings, membership = cluster(kafka, prefix), Membership(group, instance)
        folder = None if health is None else HealthFile(health)
        watch = EngineWatch(instance)
        with ExitStack() as stack:
            if listen is not None:
                stack.enter_context(watch.shown(listening(listen), settings, group))
            service = stack.enter_context(engine_service(settings, membership, rules, folder, leave=leave, watch=watch))
            log.info("up", group=group, instance=instance)
            service.run(stopping)
        log.info("stopped")
