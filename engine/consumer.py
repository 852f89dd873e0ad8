"""The engine at work: a batch of records in, decisions out, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from engine.decide import Decision, decide_all
from engine.directory.directory import Directory
from engine.directory.naming import first_named
from engine.placement import Misplaced, misplaced
from engine.ports import DirectorySource, EventLog, EventTrace, RulesInForce, RulesSource, Tracer, Untraced
from engine.stages.s4_rule_matching import MatcherUnavailableError
from schemas.clock import Clock
from schemas.dead_letter import Cause, dead_letter, first_came
from schemas.event import Event, read_event
from schemas.log import Headers, NewRecord, Record
from schemas.refusal import RefusedError
from schemas.topics import DECISIONS, JOBS
from schemas.vocabulary import Reason

BATCH_RECORDS: Final = 500
CHUNK_RECORDS: Final = 50
"""Records decided together, with one question to the rule engine."""
OUTPUT_BYTES: Final = 8_388_608
"""A transaction is committed once its outputs have this size: one long description reaches many people."""


class Case(Struct, frozen=True):
    """A record that holds an event, and the time by which it is judged."""

    record: Record
    event: Event
    now: datetime
    trace: EventTrace


class Handled(Struct, frozen=True):
    """What became of one record: its decision, or why it is a dead letter.

    An unknown contract, or a record of the directory that can't be read, makes it both.
    """

    record: Record
    trace: EventTrace
    decision: Decision | None = None
    cause: Cause | None = None


class _Around(Struct, frozen=True):
    """What a batch is decided by."""

    directory: Directory
    rules: RulesInForce

    def decide(self, cases: Sequence[Case]) -> list[Decision]:
        pairs = [(case.event, case.now) for case in cases]
        return decide_all(pairs, self.directory, self.rules.rulebook, self.rules.matcher)


class Batch(Struct, frozen=True):
    """What became of the records of one poll.

    A record without a value (a tombstone) is passed over, and not among what was handled; `tombstones` counts them.
    `misplaced` are records of decided events that stand where those of their ticket do not belong.
    """

    records: int
    handled: list[Handled]
    tombstones: int = 0
    misplaced: list[Misplaced] = []

    @property
    def decisions(self) -> list[Decision]:
        """The decisions, in the order of the events."""
        return [one.decision for one in self.handled if one.decision is not None]

    @property
    def dead_letters(self) -> list[Cause]:
        """Why records were dead-lettered, one for each."""
        return [one.cause for one in self.handled if one.cause is not None]


class _Transaction:
    """What will be committed next. One that fails is dropped, and its records come again."""

    def __init__(self) -> None:
        self.taken: list[Record] = []
        self.outputs: list[NewRecord] = []
        self.handled: list[Handled] = []
        self.size = 0

    def add(self, records: Sequence[Record], handled: Sequence[Handled]) -> None:
        """Take in the next records, and what became of them."""
        outputs = _outputs(handled)
        self.taken += records
        self.handled += handled
        self.outputs += outputs
        self.size += sum(len(output.value or b"") for output in outputs)


class Consumer:
    """Takes records from the log, decides, and commits. One for each process; it keeps nothing between two batches."""

    def __init__(
        self,
        log: EventLog,
        directory: DirectorySource,
        rules: RulesSource,
        clock: Clock,
        tracer: Tracer | None = None,
    ) -> None:
        self._log = log
        self._directory = directory
        self._rules = rules
        self._clock = clock
        self._tracer = tracer or Untraced()

    def step(self, timeout: float) -> Batch:
        """Take one batch through all its steps; empty where no record came within `timeout` seconds.

        Where a step fails, what was not committed is polled again: nothing of it has left.
        """
        records = self._log.poll(BATCH_RECORDS, timeout)
        done = Batch(len(records), [], sum(1 for record in records if record.value is None))
        if not records:
            self._look()
            return done
        work = _Transaction()
        try:
            # Asked after the poll: a record of the directory that was written before an event of this batch is in
            # it. Rules change only between two batches.
            around = _Around(self._directory.current(), self._rules.current())
            for start in range(0, len(records), CHUNK_RECORDS):
                chunk = records[start : start + CHUNK_RECORDS]
                work.add(chunk, self._decide(chunk, around))
                if work.size >= OUTPUT_BYTES or start + CHUNK_RECORDS >= len(records):
                    self._commit(work, done)
                    work = _Transaction()
        except BaseException as error:
            for one in work.handled:
                one.trace.fail(error)
            self._log.rewind()
            raise
        return done

    def _look(self) -> None:
        """While no record comes, take in changes of directory and rules, so that faults in them show at once."""
        self._directory.current()
        self._rules.current()

    def _decide(self, records: Sequence[Record], around: _Around) -> list[Handled]:
        now = self._clock.now()
        cases: list[Case] = []
        refused: list[Handled] = []
        for record in records:
            # A tombstone is passed over.
            if record.value is not None:
                _read(record, record.value, now, self._tracer.begin(record), cases, refused)
        return refused + _decide_cases(cases, around)

    def _commit(self, work: _Transaction, done: Batch) -> None:
        self._log.commit(work.taken, work.outputs)
        done.handled.extend(work.handled)
        for one in work.handled:
            one.trace.end(one.decision, one.cause)
            if one.decision is not None:
                place = misplaced(one.record, one.decision.event.ticket.id, self._log.partition_of)
                done.misplaced.extend([place] if place is not None else [])


def _read(
    record: Record, value: bytes, now: datetime, trace: EventTrace, cases: list[Case], refused: list[Handled]
) -> None:
    """Sort one record: an event becomes a case, anything else a dead letter."""
    came = first_came(record)
    try:
        event = read_event(value, came, dict(record.headers))
    except RefusedError as error:
        refused.append(Handled(record, trace, cause=Cause(error.code, str(error))))
    else:
        cases.append(Case(record, event, came if came < record.timestamp else now, trace))


def _decide_cases(cases: Sequence[Case], around: _Around) -> list[Handled]:
    try:
        decisions = around.decide(cases)
    except MatcherUnavailableError:
        raise
    except Exception:  # noqa: BLE001 - a fault in our code that one of the events brings out
        return [_decide_alone(case, around) for case in cases]
    return [_handled(case, decision) for case, decision in zip(cases, decisions, strict=True)]


def _decide_alone(case: Case, around: _Around) -> Handled:
    """Decide about one event alone. Where deciding fails, the event becomes a dead letter, and the others go on."""
    try:
        return _handled(case, around.decide([case])[0])
    except MatcherUnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
        return Handled(
            case.record, case.trace, cause=Cause("undecidable", f"deciding failed with {type(error).__name__}")
        )


def _handled(case: Case, decision: Decision) -> Handled:
    cause = None
    if decision.reason is Reason.UNKNOWN_CONTRACT:
        message = "the directory has no contract of this id: load it, then send the event again"
        cause = Cause(Reason.UNKNOWN_CONTRACT, message)
    elif unreadable := decision.unreadable:
        cause = Cause(Reason.UNREADABLE_RECORD, _unreadable(unreadable))
    return Handled(case.record, case.trace, decision, cause)


def _unreadable(records: Sequence[str]) -> str:
    """Words that name the first records; the decision names all. They are ids of the directory, no values of events."""
    named = first_named(records, len(records))
    return f"can't be read in the directory: {named}; mend them, then send the event again for whom they kept back"


def _outputs(handled: Sequence[Handled]) -> list[NewRecord]:
    """Jobs and the decision of each event, in the order of the events; dead letters last."""
    outputs: list[NewRecord] = []
    for one in handled:
        if one.decision is not None:
            outputs += _told(one.decision, () if one.trace.context is None else one.trace.context.headers)
    return outputs + [dead_letter(one.record, one.cause) for one in handled if one.cause is not None]


def _told(decision: Decision, headers: Headers) -> list[NewRecord]:
    key = decision.event.ticket.id.encode()
    jobs = [NewRecord(JOBS, key, msgspec.json.encode(job), headers) for job in decision.jobs]
    return [*jobs, NewRecord(DECISIONS, key, msgspec.json.encode(decision.record()), headers)]
