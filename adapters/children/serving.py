"""The child's own side: it answers requests in their order, within its limits, until its parent is gone."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Final

from adapters.children.framing import LENGTH, MAX_REQUEST, READY, announced, headed

_WATCHDOGS: Final = {signal.ITIMER_REAL: signal.SIGALRM, signal.ITIMER_PROF: signal.SIGPROF}


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answer requests until there are no more. The limits are the process's last three arguments: see Limits."""
    seconds, processor_seconds, memory = (float(argument) for argument in sys.argv[-3:])
    _set_signals()
    _bound_memory(int(memory))
    answers = _private_stdout()
    try:
        _send(answers, READY)
        while (data := _next(sys.stdin.buffer)) is not None:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            signal.setitimer(signal.ITIMER_PROF, processor_seconds)
            answered = answer(data)
            for timer in _WATCHDOGS:
                signal.setitimer(timer, 0)
            _send(answers, answered)
    except BrokenPipeError:
        # The parent is gone; nobody is left to be told. Leaving at once keeps a second flush from failing loudly.
        os._exit(1)


def _set_signals() -> None:
    # The parent decides when this process ends: it may have work to finish when both are told to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # An alarm says where the process was and ends it, even in a loop in C, which no handler in Python could interrupt:
    # so that no loop outlives a parent that was killed. A thread that watches would take fifty times as long.
    for number in _WATCHDOGS.values():
        signal.signal(number, signal.SIG_DFL)
        faulthandler.register(number, chain=True)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHDOGS.values())


def _bound_memory(size: int) -> None:
    """Hold the process to so many bytes, where the system can; and let no crash write its memory to a disk."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if size:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _private_stdout() -> BinaryIO:
    """The pipe to the parent, out of reach of whatever prints: that goes to standard error from now on."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _next(requests: BinaryIO) -> bytes | None:
    """The next message; None where the parent is gone, be it in the middle of one."""
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    length = announced(head, MAX_REQUEST)
    data = requests.read(length)
    return data if len(data) == length else None


def _send(answers: BinaryIO, data: bytes) -> None:
    answers.write(headed(data))
    answers.flush()
