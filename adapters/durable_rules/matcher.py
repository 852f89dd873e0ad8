"""The rule matcher on durable_rules."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from adapters.durable_rules.alternatives import TooManyAlternativesError
from adapters.durable_rules.evaluation import Evaluation, Evaluator, RuleEngineError
from adapters.durable_rules.memory import AnswerMemory, Key
from adapters.durable_rules.translate import Program, translate
from engine.rulebook.rulebook import Rule, Rulebook, Ruleset
from engine.stages.s4_rule_matching import Answer, Question
from schemas.vocabulary import Audience

__all__ = ["DurableMatcher", "RuleEngineError"]


class DurableMatcher:
    """A RuleMatcher on durable_rules, in a child process that is replaced when it fails or has loaded too much.

    It belongs to one rulebook, and answers for that rulebook's rulesets only. It belongs to one thread at a time. The
    rules for contacts and for collaborators are evaluated apart. A contract has five ticks for each audience, so there
    are at most 2 x 31 rulesets to load, whatever the contracts.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        *,
        answer_timeout: float = 5.0,
        cache_size: int = 10_000,
        child_kilobytes: int = 131_072,
    ) -> None:
        """Starts nothing yet: the child starts with the first question that needs it.

        Args:
            rulebook: whose rulesets it answers for.
            answer_timeout: seconds until a child that does not answer a request is replaced.
            cache_size: how many answers are remembered, at some 600 bytes each.
            child_kilobytes: how much one child may keep loaded, by estimate, before it is replaced.
        """
        self._rulebook = rulebook
        self._memory = AnswerMemory(cache_size)
        self._evaluator = Evaluator(answer_timeout, child_kilobytes)
        self._programs: dict[tuple[int, Audience], Program] = {}
        self._by_rules: dict[tuple[int, ...], Program] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child, if there is one. A further question starts another."""
        self._evaluator.close()

    @property
    def restarts(self) -> int:
        """How many children failed and were replaced."""
        return self._evaluator.restarts

    @property
    def renewals(self) -> int:
        """How many children were replaced because they had loaded too much."""
        return self._evaluator.renewals

    @property
    def last_failure(self) -> str | None:
        """How the last failed child failed; None where none has."""
        return self._evaluator.last_failure

    @property
    def child_pid(self) -> int | None:
        """The process id of the child that runs now."""
        return self._evaluator.child_pid

    def match(self, questions: Sequence[Question]) -> list[Answer]:
        """See RuleMatcher. The child is asked only what is not remembered. Raises RuleEngineError."""
        keys = [self._key(question) for question in questions]
        # All is recalled before anything is kept: a batch may be larger than the memory.
        recalled = {key: self._memory.recall(key) for key in keys}
        answers = {key: answer for key, answer in recalled.items() if answer is not None}
        for key, answer in self._evaluated([key for key in recalled if key not in answers]).items():
            self._memory.keep(key, answer)
            answers[key] = answer
        return [answers[key] for key in keys]

    def _key(self, question: Question) -> Key:
        program = self._program(question.ruleset, question.audience)
        return program, program.codes(question.trigger, question.facts)

    def _program(self, ruleset: Ruleset, audience: Audience) -> Program:
        if self._rulebook.derive(ruleset.ticks) is not ruleset:
            raise RuleEngineError("the ruleset is of another rulebook than this matcher: make one for each rulebook")
        program = self._programs.get((ruleset.ticks, audience))
        if program is None:
            rules = [rule for rule in ruleset.rules if rule.category.audience is audience]
            program = self._programs[ruleset.ticks, audience] = self._translated(rules)
        return program

    def _translated(self, rules: Sequence[Rule]) -> Program:
        # By the rules, not by the ticks: rulesets that differ in the other audience's ticks have the same rules here.
        positions = tuple(rule.position for rule in rules)
        if positions not in self._by_rules:
            try:
                self._by_rules[positions] = translate(rules)
            except TooManyAlternativesError as error:
                raise RuleEngineError("a condition is too much for durable_rules: see limit_problems") from error
        return self._by_rules[positions]

    def _evaluated(self, missing: Sequence[Key]) -> dict[Key, Answer]:
        asked = [(key, net) for key in missing for net in key[0].nets]
        evaluations = [Evaluation(net, tuple([codes[place] for place in net.reads])) for (_, codes), net in asked]
        positions: dict[Key, set[int]] = {key: set() for key in missing}
        for (key, net), matched in zip(asked, self._evaluator.evaluate(evaluations), strict=True):
            for number in matched:
                positions[key] |= net.positions[number]
        return {key: frozenset(found) for key, found in positions.items()}
