"""The child process: durable_rules, behind a pipe. Started as a module, with the seconds that one request may take.

Nothing of durable_rules but its C extension is used: its Python layer takes ten times as long, swallows the
exceptions of actions, and keeps two threads running beside an engine that is not thread-safe.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from typing import BinaryIO, Final

import msgspec
from durable.engine import durable_rules_engine

from adapters.durable_rules.protocol import LENGTH, READY, Fact, Load, Reply, Request, announced, framed

_SID: Final = 1
"""Facts of one session only: each further one would cost memory, and the 1,025th is a crash."""

_MATCHED, _UNMATCHED = 0, 1

_by_rule = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Engine:
    """The loaded rulesets."""

    def __init__(self) -> None:
        self._handles: dict[int, int] = {}
        self._facts = 0

    def load(self, load: Load) -> None:
        """Loads a ruleset for good: durable_rules can't give its memory back."""
        self._handles[load.net] = durable_rules_engine.create_ruleset(f"net{load.net}", load.definition)

    def matched(self, fact: Fact) -> list[int]:
        """The numbers of the rules that match."""
        handle = self._handles[fact.net]
        asserted = self._json(fact)
        # Asserted, not posted: of the rules that match an event, durable_rules fires only one.
        result, state = durable_rules_engine.assert_fact(handle, asserted)
        if result not in (_MATCHED, _UNMATCHED):
            raise RuntimeError(f"durable_rules answered {result} to a fact")
        found = _fired(handle, state) if result == _MATCHED else []
        durable_rules_engine.retract_fact(handle, asserted)
        return found

    def _json(self, fact: Fact) -> str:
        # A number is never used again: durable_rules ignores a fact that it has seen.
        self._facts += 1
        values = "".join([f',"p{index}":{value}' for index, value in enumerate(fact.values)])
        return f'{{"id":{self._facts},"sid":{_SID}{values}}}'


def _fired(handle: int, state: int) -> list[int]:
    """The rules whose actions are due: taking note of each is all that these actions do."""
    found: list[int] = []
    started = durable_rules_engine.start_action_for_state(handle, state)
    due = started[1] if started else None
    while due:
        found += map(int, _by_rule.decode(due))
        due = durable_rules_engine.complete_and_start_action(handle, state)
    return found


def main() -> None:
    """Answers requests until there are no more."""
    _set_signals()
    limit = float(sys.argv[1])
    replies = _private_stdout()
    try:
        _send(replies, READY)
        _serve(sys.stdin.buffer, replies, limit)
    except BrokenPipeError:
        # The parent is gone; nobody is left to be told. Leaving at once keeps a second flush from failing loudly.
        os._exit(1)


def _set_signals() -> None:
    # The parent decides when this process ends: it may have work to finish when both are told to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The alarm says where the process was and ends it, even in a loop in C, which no handler in Python could interrupt:
    # so that no loop outlives a parent that was killed. A thread that watches would take fifty times as long.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    faulthandler.register(signal.SIGALRM, chain=True)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])


def _private_stdout() -> BinaryIO:
    """The pipe to the parent, out of reach of whatever prints: that goes to standard error from now on."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


def _serve(requests: BinaryIO, replies: BinaryIO, limit: float) -> None:
    engine = Engine()
    while (data := _next(requests)) is not None:
        request = msgspec.msgpack.decode(data, type=Request)
        signal.setitimer(signal.ITIMER_REAL, limit)
        for load in request.loads:
            engine.load(load)
        matched = [engine.matched(fact) for fact in request.facts]
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(replies, Reply(request.number, matched))


def _next(requests: BinaryIO) -> bytes | None:
    """The next message; None where the parent is gone, be it in the middle of one."""
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    length = announced(head)
    data = requests.read(length)
    return data if len(data) == length else None


def _send(replies: BinaryIO, reply: Reply) -> None:
    replies.write(framed(reply))
    replies.flush()


if __name__ == "__main__":
    main()
