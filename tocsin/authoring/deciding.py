"""What every command that decides needs: directory, rules, and a rule engine for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog
from msgspec import Struct

from adapters.durable_rules.matcher import DurableMatcher, RuleEngineError
from adapters.files.directory_folder import LoadedDirectory, load_directory
from adapters.rule_files.load import load_rulebook
from engine.rulebook.rulebook import Rulebook
from engine.stages.s1_triggers import raised_triggers
from engine.stages.s4_rule_matching import Answer, Question, ReferenceMatcher, RuleMatcher
from schemas.event import Event

log = structlog.get_logger()


class DecisionInputs(Struct, frozen=True):
    """What events are decided by: directory, rulebook and rule engine."""

    loaded: LoadedDirectory
    rulebook: Rulebook
    matcher: RuleMatcher


class SteadfastMatcher:
    """Asks the rule engine and, where that fails, the plain evaluator, which gives the same answers.

    An alert is worth more than the engine that should have matched it. Each time is counted in `failures` and logged.
    """

    def __init__(self, first: RuleMatcher) -> None:
        self._first = first
        self._second = ReferenceMatcher()
        self.failures = 0

    def match(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """See RuleMatcher."""
        try:
            return self._first.match(questions)
        except RuleEngineError as error:
            self.failures += 1
            log.warning(
                "rule_engine_failed",
                error=type(error).__name__,
                said=str(error),
                questions=len(questions),
                answered_by="plain evaluator",
            )
            return self._second.match(questions)


def meaning(event: Event) -> str:
    """What the save means, in a sentence."""
    triggers = raised_triggers(event)
    return f"The save means: {', '.join(triggers)}." if triggers else "The save raises no trigger: it alerts nobody."


@contextmanager
def rule_engine(rulebook: Rulebook) -> Iterator[SteadfastMatcher]:
    """The rule engine for a rulebook, ended when the block is left."""
    with DurableMatcher(rulebook) as matcher:
        yield SteadfastMatcher(matcher)


@contextmanager
def decision_inputs(directory: Path, rules: Path | None) -> Iterator[DecisionInputs]:
    """Load directory and rules. Raises FaultyFileError and OSError."""
    rulebook = load_rulebook(rules)
    loaded = load_directory(directory)
    with rule_engine(rulebook) as matcher:
        yield DecisionInputs(loaded, rulebook, matcher)
