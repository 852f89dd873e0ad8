"""What becomes of a question when the child that should answer it dies, hangs or talks nonsense."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.children.framing import LENGTH, READY, framed, headed
from adapters.children.process import ChildFailedError
from adapters.durable_rules import worker as worker_module
from adapters.durable_rules.matcher import DurableMatcher, RuleEngineError
from adapters.durable_rules.protocol import Fact, Load, Reply
from adapters.durable_rules.worker import Worker
from engine.rulebook.rulebook import ALL_TICKS, Rulebook
from engine.stages.s4_rule_matching import Answer, Question, ReferenceMatcher
from schemas.vocabulary import Audience, Category, Trigger
from tests.support.helpdesk.rulebooks import rulebook_of

ROOT = Path(__file__).parents[2]
PRIORITIES = ["low", "high", "critical"]
RULEBOOK = rulebook_of(
    [
        {"for": category.value, "if": f"ticket.priority == '{PRIORITIES[index % 3]}'"}
        for index, category in enumerate(Category)
    ]
)


def questions(rulebook: Rulebook = RULEBOOK, ticks: int = ALL_TICKS) -> list[Question]:
    return [
        Question(rulebook.derive(ticks), audience, trigger, {"ticket.priority": priority})
        for audience in Audience
        for trigger in Trigger
        for priority in [*PRIORITIES, None]
    ]


RIGHT: list[Answer] = ReferenceMatcher().match(questions())


def failing_once(monkeypatch: pytest.MonkeyPatch, **faults: Callable[[Worker], None]) -> None:
    """Lets each fault happen once: just before a worker that is asked something does what the fault is named for."""
    for at, fault in faults.items():
        monkeypatch.setattr(Worker, at, faulty(getattr(Worker, at), [fault]))


def faulty(right: Callable[..., object], left: list[Callable[[Worker], None]]) -> Callable[..., object]:
    def act(worker: Worker, *arguments: object) -> object:
        if left and worker._number:
            left.pop()(worker)
        return right(worker, *arguments)

    return act


def stop(worker: Worker) -> None:
    os.kill(worker.pid, signal.SIGSTOP)


def kill(worker: Worker) -> None:
    os.kill(worker.pid, signal.SIGKILL)


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def children() -> set[int]:
    """The processes that this one has started and not waited for, a broker of other tests among them."""
    with subprocess.Popen(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, text=True) as listing:
        pairs = [line.split() for line in listing.communicate()[0].splitlines()]
    return {int(pid) for pid, parent in pairs if int(parent) == os.getpid()} - {listing.pid}


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Nothing stays open, running or unwaited-for."""
    before = children(), open_files(), threading.active_count()
    yield
    assert (children(), open_files(), threading.active_count()) == before


@pytest.mark.usefixtures("nothing_left")
class TestReplacement:
    def test_a_child_killed_before_it_was_asked_is_replaced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        failing_once(monkeypatch, _write=kill)
        with DurableMatcher(RULEBOOK) as matcher:
            assert matcher.match(questions()) == RIGHT
            assert matcher.restarts == 1
            assert matcher.last_failure == "it ended, with status -9"

    def test_a_child_killed_before_it_answered_is_replaced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        failing_once(monkeypatch, _write=stop, _expect=kill)
        with DurableMatcher(RULEBOOK) as matcher:
            assert matcher.match(questions()) == RIGHT
            assert matcher.restarts == 1
            assert matcher.last_failure == "it ended, with status -9"

    def test_a_child_that_hangs_is_replaced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        failing_once(monkeypatch, _write=stop)
        with DurableMatcher(RULEBOOK, answer_timeout=1.0) as matcher:
            assert matcher.match(questions()) == RIGHT
            assert matcher.restarts == 1
            assert matcher.last_failure == "it did not answer in time"

    def test_a_child_that_does_not_listen_is_noticed(self) -> None:
        with contextlib.closing(Worker(answer_timeout=0.2)) as worker:
            stop(worker)
            with pytest.raises(ChildFailedError, match="did not answer in time"):
                worker.ask([Load(0, "more than a pipe holds" * 10_000)], [])

    def test_a_child_that_died_between_two_batches_is_replaced(self) -> None:
        with DurableMatcher(RULEBOOK, cache_size=0) as matcher:
            matcher.match(questions())
            assert matcher.child_pid is not None
            os.kill(matcher.child_pid, signal.SIGKILL)
            assert matcher.match(questions()) == RIGHT
            assert matcher.restarts == 1

    @pytest.mark.parametrize("polite", [signal.SIGINT, signal.SIGTERM])
    def test_a_child_ends_only_when_its_parent_says_so(self, polite: signal.Signals) -> None:
        with DurableMatcher(RULEBOOK, cache_size=0) as matcher:
            matcher.match(questions())
            assert matcher.child_pid is not None
            os.kill(matcher.child_pid, polite)
            assert matcher.match(questions()) == RIGHT
            assert matcher.restarts == 0

    def test_it_is_given_up_after_three_replacements(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(worker_module, "CHILD", (sys.executable, "-c", "raise SystemExit(7)"))
        with DurableMatcher(RULEBOOK) as matcher:
            with pytest.raises(RuleEngineError, match="failed 4 times, lastly: it ended, with status 7"):
                matcher.match(questions())
            assert matcher.restarts == 3

    def test_an_interrupted_caller_gets_no_stale_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(_: Worker) -> None:
            raise KeyboardInterrupt

        failing_once(monkeypatch, _expect=interrupt)
        with DurableMatcher(RULEBOOK) as matcher:
            with pytest.raises(KeyboardInterrupt):
                matcher.match(questions())
            assert matcher.match(questions()) == RIGHT


def says(*replies: bytes) -> tuple[str, ...]:
    """The command of a child that says this, whatever it is asked."""
    script = f"import sys; sys.stdout.buffer.write({b''.join(replies)!r}); sys.stdout.flush(); sys.stdin.read()"
    return (sys.executable, "-c", script)


NONSENSE = {
    "too long": (LENGTH.pack(2**32 - 1), "bytes is announced"),
    "no MessagePack": (LENGTH.pack(2) + b"\xc1\xc1", "can't be read"),
    "another shape": (LENGTH.pack(1) + b"\x07", "can't be read"),
    "another request": (framed(Reply(8, [])), "replied to request 8"),
    "too few answers": (framed(Reply(1, [])), "0 answers to 6 questions"),
    "no such rule": (framed(Reply(1, [[99]] * 6)), "rules that there are not"),
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("reply", NONSENSE)
def test_nonsense_is_never_taken_for_an_answer(monkeypatch: pytest.MonkeyPatch, reply: str) -> None:
    data, failure = NONSENSE[reply]
    monkeypatch.setattr(worker_module, "CHILD", says(headed(READY), data))
    some = [question for question in questions() if question.audience is Audience.CONTACTS][:6]
    with DurableMatcher(RULEBOOK) as matcher, pytest.raises(RuleEngineError, match=failure):
        matcher.match(some)


# ---------------------------------------------------------------- the child by itself


def side_by_side(number: int) -> str:
    rules = ",".join(f'"{code}":{{"all":[{{"m":{{"$eq":{{"p0":{code}}}}}}}]}}' for code in range(number))
    return f"{{{rules}}}"


def test_an_endless_loop_ends_itself(capfd: pytest.CaptureFixture[str]) -> None:
    # The watchdog in the child is asked here, so that it works for an orphan: the parent would wait much longer.
    worker = Worker(answer_timeout=1.0)
    worker._timeout = 60
    with contextlib.closing(worker), pytest.raises(ChildFailedError, match=f"status -{signal.SIGALRM}"):
        worker.ask([Load(0, side_by_side(512))], [Fact(0, (0,))])
    assert "in matched" in capfd.readouterr().err  # where it hung


def test_a_child_does_not_outlive_its_parent() -> None:
    script = (
        "import os, signal\n"
        "from tests.unit.test_durable_faults import DurableMatcher, RULEBOOK, questions\n"
        "matcher = DurableMatcher(RULEBOOK)\n"
        "matcher.match(questions())\n"
        "print(matcher.child_pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # The child has the same standard error, which comes to its end when both are gone.
    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=30, cwd=ROOT)

    assert parent.returncode == -signal.SIGKILL
    assert parent.stdout
    assert parent.stderr == b""


def test_what_the_library_prints_is_kept_out_of_the_answers(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    chatty = "import os, runpy; from adapters.durable_rules import child; right = child.Engine.matched\n"
    chatty += "child.Engine.matched = lambda *given: (os.write(1, b'chatter'), right(*given))[1]\nchild.main()"
    monkeypatch.setattr(worker_module, "CHILD", (sys.executable, "-c", chatty))
    with DurableMatcher(RULEBOOK) as matcher:
        assert matcher.match(questions()) == RIGHT
    assert "chatter" in capfd.readouterr().err


def test_a_worker_answers_in_the_order_of_the_facts() -> None:
    with contextlib.closing(Worker(answer_timeout=10)) as worker:
        facts = [Fact(0, (code,)) for code in (3, 9, 0)]
        assert worker.ask([Load(0, side_by_side(5))], facts) == [[3], [], [0]]
