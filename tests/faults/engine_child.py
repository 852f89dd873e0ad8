"""An engine with short limits, that may kill, stop or hang itself in the midst of a commit.

Usage: python -m tests.faults.engine_child BOOTSTRAP PREFIX INSTANCE [SIGNAL STEP | HANG STEP] [OPTIONS]

Options: --leave, --no-leave, --within SECONDS, --session SECONDS, --load SECONDS (so much longer than it takes)
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog
import typer

from adapters.kafka.directory_topic import DirectoryFeed
from adapters.kafka.settings import KafkaSettings, Membership
from adapters.kafka.transaction import Step, nothing
from tocsin.cli.failures import failures
from tocsin.logs import log_to_stderr
from tocsin.services.engine import Leaving, engine_service
from tocsin.services.lifecycle.deadline import stopping
from tocsin.services.lifecycle.stopping import StoppedError

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


def load_slowly(seconds: float) -> None:
    """Let the directory take so much longer to load, as one does that is larger than a test can write."""
    load = DirectoryFeed.catch_up

    def catch_up(feed: DirectoryFeed) -> None:
        if not feed.is_complete:
            time.sleep(seconds)
        load(feed)

    setattr(DirectoryFeed, "catch_up", catch_up)  # noqa: B010 - a method is assigned to


def main(
    bootstrap: str, prefix: str, instance: str, *fault: str, leave: bool | None, within: float, session: float
) -> None:
    """Work until SIGTERM."""
    log_to_stderr()
    # A transaction may take longer than the session: so it is where machines are slow.
    limits = {"transaction": timedelta(seconds=6), "call_limit": timedelta(seconds=60)}
    membership = Membership("engine", instance, timedelta(seconds=session), **limits)
    after = failing(*fault) if fault else nothing
    with (
        stopping(timedelta(seconds=within)) as asked,
        failures(),
        suppress(StoppedError),
        engine_service(
            KafkaSettings((bootstrap,), prefix), membership, None, None, after, Leaving(leave), stop=asked
        ) as service,
    ):
        log.info("up")
        service.run(asked)
    log.info("stopped")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("where", nargs="+")
    parser.add_argument("--leave", action=argparse.BooleanOptionalAction)
    parser.add_argument("--within", type=float, default=60.0)
    parser.add_argument("--session", type=float, default=4.0)
    parser.add_argument("--load", type=float, default=0.0)
    given = parser.parse_args()
    load_slowly(given.load)
    try:
        main(*given.where, leave=given.leave, within=given.within, session=given.session)
    except typer.Exit as end:
        sys.exit(end.exit_code)
