"""Answers that are remembered across events."""

from __future__ import annotations

from collections import OrderedDict

from adapters.durable_rules.translate import Codes, Program
from engine.stages.s4_rule_matching import Answer

Key = tuple[Program, Codes]
"""Questions with the same program and codes have the same answer."""


class AnswerMemory:
    """The answers that were asked for last, up to `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._answers: OrderedDict[Key, Answer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def recall(self, key: Key) -> Answer | None:
        """The answer, if it is remembered. From then on it is the last to be forgotten."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def keep(self, key: Key, answer: Answer) -> None:
        """Remember an answer. If there are too many, the one least recently asked for is forgotten."""
        self._answers[key] = answer
        if len(self._answers) > self._size:
            self._answers.popitem(last=False)
