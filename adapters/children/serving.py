"""The child's own side. It answers requests in their order, within its limits, until its parent is gone."""

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
    """Answer requests until there are no more. The last three arguments of the process are its Limits."""
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
        # The parent is gone, so nobody is left to tell. An ordinary exit would flush the pipe again, and fail loudly.
        os._exit(1)


def _set_signals() -> None:
    # The parent decides when this process ends: it may have work to finish when both are told to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The default action of these signals ends the process, even in a loop in C, where no handler in Python would run.
    # faulthandler writes first where the process was. So no loop outlives a parent that was killed. A thread that
    # watches would take fifty times as long.
    for number in _WATCHDOGS.values():
        signal.signal(number, signal.SIG_DFL)
        faulthandler.register(number, chain=True)
    # A process inherits the signals that its parent blocks.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHDOGS.values())


def _bound_memory(size: int) -> None:
    """Bound the memory of the process, where the system can, and let no crash write that memory to a disk."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if size:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _private_stdout() -> BinaryIO:
    """The pipe to the parent. Whatever prints writes to standard error from now on, and not between the answers."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _next(requests: BinaryIO) -> bytes | None:
    """The next message; None where the parent is gone, even in the middle of a message."""
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    length = announced(head, MAX_REQUEST)
    data = requests.read(length)
    return data if len(data) == length else None


def _send(answers: BinaryIO, data: bytes) -> None:
    answers.write(headed(data))
    answers.flush()
