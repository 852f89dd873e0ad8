"""What the matcher on durable_rules keeps, asks and gives away."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence

import pytest

from adapters.durable_rules.evaluation import Evaluation, Evaluator
from adapters.durable_rules.matcher import DurableMatcher, RuleEngineError
from adapters.durable_rules.memory import AnswerMemory
from adapters.durable_rules.protocol import Fact, Load
from adapters.durable_rules.translate import translate
from adapters.durable_rules.worker import Worker
from engine.rulebook.rulebook import ALL_TICKS
from engine.stages.s4_rule_matching import Answer, Question, ReferenceMatcher
from schemas.vocabulary import Audience, Category, Trigger
from tests.support.helpdesk.rulebooks import rulebook_of

RULEBOOK = rulebook_of(
    [
        {"for": category.value, "on": ["opened"], "if": f"ticket.priority == 'p{index}' or ticket.title == 'x'"}
        for index, category in enumerate(Category)
    ]
)


def question(priority: object, ticks: int = ALL_TICKS, audience: Audience = Audience.CONTACTS) -> Question:
    return Question(RULEBOOK.derive(ticks), audience, Trigger.OPENED, {"ticket.priority": priority})


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[Evaluation]:
    """Everything that the child is asked."""
    found: list[Evaluation] = []
    right = Evaluator.evaluate

    def noting(evaluator: Evaluator, evaluations: Sequence[Evaluation]) -> list[list[int]]:
        found.extend(evaluations)
        return right(evaluator, evaluations)

    monkeypatch.setattr(Evaluator, "evaluate", noting)
    return found


@pytest.fixture
def matcher() -> Iterator[DurableMatcher]:
    with DurableMatcher(RULEBOOK) as made:
        yield made


class TestAsking:
    def test_nothing_starts_before_it_is_needed(self, matcher: DurableMatcher) -> None:
        assert matcher.match([]) == []
        assert matcher.match([question("p0", ticks=0)]) == [frozenset()]
        assert matcher.child_pid is None

    def test_equal_facts_are_evaluated_once(self, matcher: DurableMatcher, evaluated: list[Evaluation]) -> None:
        answers = matcher.match([question("p0"), question("p0"), question("p0")])
        assert answers == [{0}] * 3
        assert len(evaluated) == 1

    def test_facts_that_no_rule_tells_apart_are_equal(
        self, matcher: DurableMatcher, evaluated: list[Evaluation]
    ) -> None:
        matcher.match([question(f"other {number}") for number in range(100)])
        assert len(evaluated) == 1

    def test_an_answer_is_remembered_across_calls(self, matcher: DurableMatcher, evaluated: list[Evaluation]) -> None:
        first = matcher.match([question("p0"), question("p2")])
        assert matcher.match([question("p2"), question("p0")]) == first[::-1]
        assert len(evaluated) == 2

    def test_ticks_of_the_other_audience_make_no_difference(
        self, matcher: DurableMatcher, evaluated: list[Evaluation]
    ) -> None:
        contacts = sum(category.bit for category in Category if category.audience is Audience.CONTACTS)
        assert matcher.match([question("p0"), question("p0", ticks=contacts)]) == [{0}, {0}]
        assert len(evaluated) == 1

    def test_a_remembered_answer_needs_no_child(self, matcher: DurableMatcher) -> None:
        matcher.match([question("p0")])
        assert matcher.child_pid is not None
        os.kill(matcher.child_pid, signal.SIGKILL)
        assert matcher.match([question("p0")]) == [{0}]
        assert matcher.restarts == 0

    def test_a_ruleset_of_another_rulebook_is_refused(self, matcher: DurableMatcher) -> None:
        other = rulebook_of([{"for": "site.contacts"}])
        with pytest.raises(RuleEngineError, match="another rulebook"):
            matcher.match([Question(other.derive(ALL_TICKS), Audience.CONTACTS, Trigger.OPENED, {})])

    def test_any_thread_may_own_it(self) -> None:
        answers: list[Answer] = []

        def work() -> None:
            with DurableMatcher(RULEBOOK) as own:
                answers.extend(own.match([question("p0")]))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert answers == [{0}]

    def test_it_starts_again_after_it_was_closed(self, matcher: DurableMatcher) -> None:
        matcher.match([question("p0")])
        matcher.close()
        matcher.close()
        assert matcher.match([question("p2")]) == [{2}]


class TestBounds:
    def test_a_large_batch_is_asked_in_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sizes: list[int] = []
        right = Worker.ask

        def noting(worker: Worker, loads: list[Load], facts: list[Fact]) -> list[list[int]]:
            sizes.append(len(facts))
            return right(worker, loads, facts)

        monkeypatch.setattr(Worker, "ask", noting)
        rulebook = rulebook_of([{"for": "site.contacts", "if": f"ticket.id == 'T{number}'"} for number in range(300)])
        ruleset = rulebook.derive(ALL_TICKS)
        questions = [
            Question(ruleset, Audience.CONTACTS, Trigger.OPENED, {"ticket.id": f"T{number}"}) for number in range(300)
        ]
        with DurableMatcher(rulebook) as matcher:
            assert matcher.match(questions) == [{number} for number in range(300)]
        assert max(sizes) == 512
        assert sum(sizes) == 300 * 7  # in nets of 48 rules

    def test_a_child_with_too_much_to_keep_is_replaced(self) -> None:
        ticks = range(1, ALL_TICKS, 7)
        questions = [
            question(f"p{index}", some, audience) for some in ticks for index in range(10) for audience in Audience
        ]
        expected = ReferenceMatcher().match(questions)
        with DurableMatcher(RULEBOOK, child_kilobytes=2_000, cache_size=10) as matcher:
            assert [matcher.match([asked])[0] for asked in questions[:200]] == expected[:200]
            assert matcher.match(questions) == expected
            assert matcher.renewals > 10
            assert matcher.restarts == 0

    def test_what_was_not_asked_for_the_longest_is_forgotten(self) -> None:
        memory = AnswerMemory(2)
        program = translate(())
        first, second, third = (program, (1,)), (program, (2,)), (program, (3,))
        memory.keep(first, frozenset({1}))
        memory.keep(second, frozenset({2}))
        assert memory.recall(first) == frozenset({1})
        memory.keep(third, frozenset({3}))

        assert memory.recall(first) == frozenset({1})
        assert memory.recall(second) is None
        assert memory.recall(third) == frozenset({3})
        assert len(memory) == 2

    def test_a_batch_may_be_larger_than_what_is_remembered(self) -> None:
        questions = [question(f"p{index}", audience=audience) for index in range(10) for audience in Audience]
        with DurableMatcher(RULEBOOK, cache_size=1) as matcher:
            assert matcher.match(questions) == ReferenceMatcher().match(questions)
