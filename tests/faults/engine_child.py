"""An engine with short limits, that may kill, stop or hang itself in the midst of a commit.

Usage: python -m tests.faults.engine_child BOOTSTRAP PREFIX INSTANCE [SIGNAL STEP | HANG STEP] [OPTIONS]

Options: --leave, --within SECONDS, --session SECONDS
"""

from __future__ import annotations

import argparse
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
from tocsin.running.deadline import stopping
from tocsin.running.engine import engine_service

log = structlog.get_logger()


def failing(name: str, step: str) -> Callable[[Step], None]:
    """Send this signal to oneself when the step is done for the first time, or hang there."""
    awaited = [Step[step]]

    def after(done: Step) -> None:
        if done in awaited:
            awaited.clear()
            if name == "HANG":
                log.info("hangs")
                threading.Event().wait()
            os.kill(os.getpid(), signal.Signals[name])

    return after


def main(bootstrap: str, prefix: str, instance: str, *fault: str, leave: bool, within: float, session: float) -> None:
    """Work until SIGTERM."""
    log_to_stderr()
    # A transaction may take longer than the session: so it is where machines are slow.
    limits = {"transaction": timedelta(seconds=6), "call_limit": timedelta(seconds=60)}
    membership = Membership("engine", instance, timedelta(seconds=session), **limits)
    after = failing(*fault) if fault else nothing
    with (
        stopping(timedelta(seconds=within)) as asked,
        kafka_failures(),
        engine_service(KafkaSettings((bootstrap,), prefix), membership, None, None, after, leave) as service,
    ):
        log.info("up")
        service.run(asked)
    log.info("stopped")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("where", nargs="+")
    parser.add_argument("--leave", action="store_true")
    parser.add_argument("--within", type=float, default=60.0)
    parser.add_argument("--session", type=float, default=4.0)
    given = parser.parse_args()
    try:
        main(*given.where, leave=given.leave, within=given.within, session=given.session)
    except typer.Exit as end:
        sys.exit(end.exit_code)
