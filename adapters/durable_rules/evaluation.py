"""Evaluation in a child process, which is replaced when it fails, or when it has loaded too much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from adapters.children.process import ChildFailedError
from adapters.durable_rules.protocol import Fact, Load
from adapters.durable_rules.translate import Codes, Net
from adapters.durable_rules.worker import Worker
from engine.stages.s4_rule_matching import MatcherUnavailableError

MAX_REPLACEMENTS: Final = 3
"""For one batch of evaluations."""

FACTS_PER_REQUEST: Final = 512


class RuleEngineError(MatcherUnavailableError):
    """The rule engine could not answer: its child failed again and again, or the rules are none that it can have."""


class Evaluation(Struct, frozen=True, eq=False):
    """A net, and the codes of the properties that it reads."""

    net: Net
    values: Codes


class Evaluator:
    """Evaluates in a child, which starts when it is first needed.

    `answer_timeout` is in seconds, for one request of up to 512 evaluations. `child_kilobytes` is how much one child
    may keep loaded, by estimate. `restarts` counts the children that failed and were replaced, `last_failure` says how
    the last one failed, and `renewals` counts those that were replaced because they were full.
    """

    def __init__(self, answer_timeout: float, child_kilobytes: int) -> None:
        self._answer_timeout = answer_timeout
        self._child_kilobytes = child_kilobytes
        self._numbers: dict[Net, int] = {}
        self._worker: Worker | None = None
        self._left = MAX_REPLACEMENTS
        self.restarts = 0
        self.renewals = 0
        self.last_failure: str | None = None

    @property
    def child_pid(self) -> int | None:
        """The process id of the child that runs now."""
        return None if self._worker is None else self._worker.pid

    def evaluate(self, evaluations: Sequence[Evaluation]) -> list[list[int]]:
        """For each evaluation, the numbers of the net's rules that match. Raises RuleEngineError."""
        self._left = MAX_REPLACEMENTS
        try:
            return [
                matched for request in _requests(evaluations, self._child_kilobytes) for matched in self._ask(request)
            ]
        except BaseException:
            # Also when the caller is interrupted: the late reply would be taken for that to the next request.
            self.close()
            raise

    def close(self) -> None:
        """End the child, if there is one. A further evaluation starts another."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _ask(self, request: Sequence[Evaluation]) -> list[list[int]]:
        while True:
            try:
                return self._try(request)
            except ChildFailedError as error:
                self._replace(error)

    def _try(self, request: Sequence[Evaluation]) -> list[list[int]]:
        nets = {self._numbers.setdefault(one.net, len(self._numbers)): one.net for one in request}
        worker = self._worker_for(nets)
        new = {number: net for number, net in nets.items() if number not in worker.loaded}
        loads = [Load(number, net.definition) for number, net in new.items()]
        matched = worker.ask(loads, [Fact(self._numbers[one.net], one.values) for one in request])
        if not all(_makes_sense(*pair) for pair in zip(request, matched, strict=True)):
            raise ChildFailedError("it named rules that there are not")
        worker.loaded.update(new)
        worker.kilobytes += sum(net.kilobytes for net in new.values())
        return matched

    def _worker_for(self, nets: dict[int, Net]) -> Worker:
        """The child, or a new one where these nets would be too much: durable_rules can't unload any.

        A new child has room for any request, since `_requests` splits what would be too much.
        """
        if self._worker is not None and self._worker.loaded:
            more = sum(net.kilobytes for number, net in nets.items() if number not in self._worker.loaded)
            if more and self._worker.kilobytes + more > self._child_kilobytes:
                self.close()
                self.renewals += 1
        if self._worker is None:
            self._worker = Worker(self._answer_timeout)
        return self._worker

    def _replace(self, error: ChildFailedError) -> None:
        """Make room for another child. Raises RuleEngineError after too many in one batch."""
        self.close()
        self.last_failure = str(error)
        if not self._left:
            message = f"the process of the rule engine failed {1 + MAX_REPLACEMENTS} times, lastly: {error}"
            raise RuleEngineError(message) from error
        self._left -= 1
        self.restarts += 1


def _makes_sense(evaluation: Evaluation, matched: list[int]) -> bool:
    return all(0 <= number < len(evaluation.net.positions) for number in matched)


def _requests(evaluations: Sequence[Evaluation], kilobytes: int) -> Iterator[list[Evaluation]]:
    """The evaluations in parts. Each is small enough for the time of one answer, and its nets for one child."""
    request: list[Evaluation] = []
    nets: set[Net] = set()
    needed = 0
    for evaluation in evaluations:
        more = 0 if evaluation.net in nets else evaluation.net.kilobytes
        if request and (len(request) == FACTS_PER_REQUEST or needed + more > kilobytes):
            yield request
            request, nets, needed, more = [], set(), 0, evaluation.net.kilobytes
        request.append(evaluation)
        nets.add(evaluation.net)
        needed += more
    if request:
        yield request
