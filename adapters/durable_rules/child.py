"""The child process: durable_rules, behind a pipe. It is started as a module, see adapters.children.

It uses only the C extension of durable_rules. The Python layer takes ten times as long, swallows the exceptions of
actions, and keeps two threads running beside an engine that is not thread-safe.
"""

from __future__ import annotations

from typing import Final

import msgspec
from durable.engine import durable_rules_engine

from adapters.children.serving import serve
from adapters.durable_rules.protocol import Fact, Load, Reply, Request

_SID: Final = 1
"""All facts are of one session. Each further session would cost memory, and the 1,025th crashes the engine."""

_MATCHED, _UNMATCHED = 0, 1

_by_rule = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Engine:
    """The loaded rulesets."""

    def __init__(self) -> None:
        self._handles: dict[int, int] = {}
        self._facts = 0

    def load(self, load: Load) -> None:
        """Load a ruleset for good: durable_rules can't free its memory."""
        self._handles[load.net] = durable_rules_engine.create_ruleset(f"net{load.net}", load.definition)

    def matched(self, fact: Fact) -> list[int]:
        """The numbers of the rules that match."""
        handle = self._handles[fact.net]
        asserted = self._json(fact)
        # A fact is asserted, not an event posted: of the rules that match an event, durable_rules fires only one.
        result, state = durable_rules_engine.assert_fact(handle, asserted)
        if result not in (_MATCHED, _UNMATCHED):
            raise RuntimeError(f"durable_rules answered {result} to a fact")
        found = _fired(handle, state) if result == _MATCHED else []
        durable_rules_engine.retract_fact(handle, asserted)
        return found

    def _json(self, fact: Fact) -> str:
        # No id is used again: durable_rules ignores a fact whose id it has seen.
        self._facts += 1
        values = "".join([f',"p{index}":{value}' for index, value in enumerate(fact.values)])
        return f'{{"id":{self._facts},"sid":{_SID}{values}}}'


def _fired(handle: int, state: int) -> list[int]:
    """The numbers of the rules whose actions are due. An action does nothing else than being collected here."""
    found: list[int] = []
    started = durable_rules_engine.start_action_for_state(handle, state)
    due = started[1] if started else None
    while due:
        found += map(int, _by_rule.decode(due))
        due = durable_rules_engine.complete_and_start_action(handle, state)
    return found


def main() -> None:
    """Answer requests until there are no more."""
    engine = Engine()

    def answer(data: bytes) -> bytes:
        request = msgspec.msgpack.decode(data, type=Request)
        for load in request.loads:
            engine.load(load)
        matched = [engine.matched(fact) for fact in request.facts]
        return msgspec.msgpack.encode(Reply(request.number, matched))

    serve(answer)


if __name__ == "__main__":
    main()
