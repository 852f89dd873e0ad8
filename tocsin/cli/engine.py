"""`tocsin engine`: the engine as a service of its own, on Kafka."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer

from tocsin.cli.kafka_options import CREDENTIALS, KafkaOption, PrefixOption, cluster, kafka_failures, membership
from tocsin.cli.listen_option import ListenOption, address_failures, address_of
from tocsin.cli.process_options import STOP_WITHIN, InstanceOption, RulesInForceOption, StopWithinOption
from tocsin.cli.settled import by_default, in_force, option
from tocsin.cli.starting import log_as_told
from tocsin.config.settings.declared.processes import ENGINE_GROUP, ENGINE_HEALTH, ENGINE_LEAVE
from tocsin.config.wiring.opt_out import pseudonyms_of
from tocsin.services.engine import engine_service
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.leaving import Leaving
from tocsin.services.lifecycle.stopping import StoppedError
from tocsin.services.monitoring.engine import EngineWatch

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
    leave: Annotated[bool | None, option(ENGINE_LEAVE)] = None,
    stop_within: StopWithinOption = STOP_WITHIN,
) -> None:
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
    log_as_told()
    with stopping(timedelta(seconds=stop_within)) as asked, kafka_failures(), address_failures():
        settings, place = cluster(kafka, prefix), membership(group, instance)
        watch = EngineWatch(instance)
        with (
            suppress(StoppedError),
            watch.shown(address_of(listen), settings, group),
            engine_service(
                settings,
                place,
                rules,
                health,
                leaving=Leaving(leave),
                watch=watch,
                stop=asked,
                pseudonyms=pseudonyms_of(in_force()),
            ) as service,
        ):
            log.info("up", group=group, instance=instance)
            service.run(asked)
        log.info("stopped")
