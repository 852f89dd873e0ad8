"""How a service is asked to stop, and what becomes of one that does not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tocsin.services.lifecycle.deadline import CUT, ECHO_SECONDS, stopping
from tocsin.services.lifecycle.loops import repeat
from tocsin.services.lifecycle.stopping import Stop, together
from tocsin.services.lifecycle.vitals import Vitals

LONG = timedelta(minutes=10)
AT_ONCE = timedelta(0)
PATIENCE = 20.0


def test_all_hear_of_it_once_with_the_first_reason() -> None:
    stop, heard = Stop(), list[str]()
    stop.then(lambda: heard.append("before"))
    stop.request("SIGTERM")
    stop.request("its work is done")
    stop.then(lambda: heard.append("after"))
    assert stop.event.is_set()
    assert stop.reason == "SIGTERM"
    assert heard == ["before", "after"]


async def test_a_loop_hears_of_it_from_another_thread() -> None:
    stop = Stop()
    event = stop.in_loop()
    assert not event.is_set()
    await asyncio.to_thread(stop.request, "SIGTERM")
    await asyncio.wait_for(event.wait(), PATIENCE)
    later = stop.in_loop()
    await asyncio.wait_for(later.wait(), PATIENCE)


def test_a_loop_that_is_closed_keeps_nobody_from_hearing() -> None:
    stop, heard = Stop(), list[str]()

    async def listen() -> None:
        stop.in_loop()

    asyncio.run(listen())
    stop.then(lambda: heard.append("the next"))
    stop.request("SIGTERM")
    assert heard == ["the next"]


async def test_a_part_that_fails_ends_the_others_and_is_named() -> None:
    stop = Stop()
    ended = []

    async def fails() -> None:
        raise ValueError("zoe@acme.example")

    async def waits() -> None:
        await stop.in_loop().wait()
        ended.append("waits")

    with pytest.raises(ValueError, match="zoe"):
        await together(stop, fails(), waits())
    assert ended == ["waits"]
    assert stop.reason.startswith("ValueError in test_stopping.py")
    assert "zoe" not in stop.reason


def test_a_signal_asks_and_an_end_in_time_is_not_cut() -> None:
    cut = threading.Event()
    before = signal.getsignal(signal.SIGTERM)
    with stopping(LONG, cut.set) as stop:
        assert not stop.event.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.event.wait(PATIENCE)
        assert stop.reason == "SIGTERM"
    assert not cut.is_set()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_cuts(second: signal.Signals) -> None:
    cut, seconds = threading.Event(), [0.0]
    with stopping(LONG, cut.set, lambda: seconds[0]) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.event.wait(PATIENCE)
        seconds[0] = ECHO_SECONDS
        os.kill(os.getpid(), second)
        assert cut.wait(PATIENCE)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_twice_at_once_is_one(second: signal.Signals) -> None:
    """`timeout` signals its child, and then the group that the child is in; so does Ctrl-C with a supervisor."""
    cut, seconds = threading.Event(), [0.0]
    with stopping(LONG, cut.set, lambda: seconds[0]) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.event.wait(PATIENCE)
        seconds[0] = ECHO_SECONDS * 0.9
        os.kill(os.getpid(), second)
        assert not cut.wait(0.1)
    assert not cut.is_set()


def ask_by_signal(_stop: Stop) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def ask_by_a_part(stop: Stop) -> None:
    stop.request("its work is done")


@pytest.mark.parametrize("ask", [ask_by_signal, ask_by_a_part])
def test_the_deadline_cuts_and_names_what_is_under_way(ask: Callable[[Stop], None]) -> None:
    cut, vitals = threading.Event(), Vitals(lambda: 7.0)
    hangs = threading.Thread(
        target=repeat, args=("accept", lambda: not cut.wait(PATIENCE), vitals, cut), name="hangs", daemon=True
    )
    hangs.start()
    with capture_logs() as logs, stopping(AT_ONCE, cut.set) as stop:
        stop.ask(lambda: ["job a1b2"])
        stop.ask(vitals.running)
        ask(stop)
        assert cut.wait(PATIENCE)
    hangs.join(PATIENCE)
    # Commands that ran before in this process may have left the log with less to say than that it stops.
    told = logs[-1]
    assert (told["event"], told["log_level"], told["exit_code"]) == ("cut_short", "error", CUT)
    assert told["under_way"] == "job a1b2, accept (came round 0 s ago)"
    assert "hangs: tocsin.services.lifecycle.loops:" in told["threads"]
    assert told["why"] == "not done within 0 s"


def test_a_loop_that_has_ended_is_not_under_way() -> None:
    stop, vitals = threading.Event(), Vitals(lambda: 7.0)
    seen = []

    def step() -> bool:
        seen.extend(vitals.running())
        stop.set()
        return False

    repeat("accept", step, vitals, stop)
    assert seen == ["accept (came round 0 s ago)"]
    assert vitals.running() == []


def test_without_a_request_time_does_not_count() -> None:
    cut = threading.Event()
    with stopping(AT_ONCE, cut.set):
        assert not cut.wait(0.1)
    assert not cut.is_set()


STUCK = """
import ctypes, sys
from datetime import timedelta
from tocsin.services.lifecycle.deadline import stopping

libc, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(256)
with stopping(timedelta(seconds=0.2)):
    libc.pthread_mutex_lock(mutex)
    print("stuck", flush=True)
    libc.pthread_mutex_lock(mutex)
"""
"""The main thread waits in C for what never comes, and no signal's handler in Python gets a turn."""


@pytest.mark.parametrize("reads", [True, False], ids=["its log is read", "nobody reads its log"])
def test_a_main_thread_that_is_stuck_in_a_library_is_ended(reads: bool) -> None:
    pipe_in, pipe_out = os.pipe()
    try:
        if not reads:
            os.set_blocking(pipe_out, False)
            try:
                while os.write(pipe_out, bytes(65_536)):
                    pass
            except BlockingIOError:
                os.set_blocking(pipe_out, True)
        with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=pipe_out) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"stuck\n"
            process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(PATIENCE) == CUT
            finally:
                process.kill()
    finally:
        os.close(pipe_in)
        os.close(pipe_out)
