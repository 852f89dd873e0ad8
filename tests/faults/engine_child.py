"""An engine with short limits, that may kill itself in the midst of a commit.

Usage: python -m tests.faults.engine_child BOOTSTRAP PREFIX INSTANCE [STEP NUMBER]
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from adapters.kafka.settings import KafkaSettings, Membership
from adapters.kafka.transaction import Step, nothing
from tocsin.cli.kafka_options import kafka_failures
from tocsin.logs import log_to_stderr
from tocsin.running.engine import engine_service

log = structlog.get_logger()


def killing(step: str, number: int) -> Callable[[Step], None]:
    """Die after this step of this commit, the first being number 1."""
    left = [number]

    def after(done: Step) -> None:
        if done.name == step:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return after


def main(bootstrap: str, prefix: str, instance: str, *kill_at: str) -> None:
    """Work until SIGTERM."""
    log_to_stderr()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stopping.set())
    # A transaction may take longer than the session: so it is where machines are slow.
    limits = {"session": timedelta(seconds=4), "transaction": timedelta(seconds=6), "call_limit": timedelta(seconds=60)}
    membership = Membership("engine", instance, **limits)
    after = killing(kill_at[0], int(kill_at[1])) if kill_at else nothing
    with (
        kafka_failures(),
        engine_service(KafkaSettings((bootstrap,), prefix), membership, None, None, after) as service,
    ):
        log.info("up")
        service.run(stopping)
    log.info("stopped")


if __name__ == "__main__":
    main(*sys.argv[1:])
