"""An engine with short limits, that may kill or stop itself in the midst of a commit.

Usage: python -m tests.faults.engine_child BOOTSTRAP PREFIX INSTANCE [SIGNAL STEP]
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
import typer

from adapters.kafka.settings import KafkaSettings, Membership
from adapters.kafka.transaction import Step, nothing
from tocsin.cli.kafka_options import kafka_failures
from tocsin.logs import log_to_stderr
from tocsin.running.engine import engine_service

log = structlog.get_logger()


def signalling(name: str, step: str) -> Callable[[Step], None]:
    """Send this signal to oneself when the step is done for the first time."""
    awaited = [Step[step]]

    def after(done: Step) -> None:
        if done in awaited:
            awaited.clear()
            os.kill(os.getpid(), signal.Signals[name])

    return after


def main(bootstrap: str, prefix: str, instance: str, *fault: str) -> None:
    """Work until SIGTERM."""
    log_to_stderr()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stopping.set())
    # A transaction may take longer than the session: so it is where machines are slow.
    limits = {"session": timedelta(seconds=4), "transaction": timedelta(seconds=6), "call_limit": timedelta(seconds=60)}
    membership = Membership("engine", instance, **limits)
    after = signalling(*fault) if fault else nothing
    with (
        kafka_failures(),
        engine_service(KafkaSettings((bootstrap,), prefix), membership, None, None, after) as service,
    ):
        log.info("up")
        service.run(stopping)
    log.info("stopped")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except typer.Exit as end:
        sys.exit(end.exit_code)
