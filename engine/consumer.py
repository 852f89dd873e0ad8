"""The engine at work: a batch of records in, decisions out, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from engine.decide import Decision, decide_all
from engine.directory.directory import Directory
from engine.ports import Clock, DirectorySource, EventLog, RulesInForce, RulesSource
from engine.stages.s4_rule_matching import MatcherUnavailableError
from schemas.dead_letter import Cause, dead_letter, first_came
from schemas.event import Event, read_event
from schemas.log import NewRecord, Record
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


class _Around(Struct, frozen=True):
    """What a batch is decided by."""

    directory: Directory
    rules: RulesInForce

    def decide(self, cases: Sequence[Case]) -> list[Decision]:
        pairs = [(case.event, case.now) for case in cases]
        return decide_all(pairs, self.directory, self.rules.rulebook, self.rules.matcher)


class Batch(Struct, frozen=True):
    """What became of the records of one poll."""

    records: int
    decisions: list[Decision]
    dead_letters: list[NewRecord]


class Consumer:
    """Takes records from the log, decides, and commits. One for each process; it keeps nothing between two batches."""

    def __init__(self, log: EventLog, directory: DirectorySource, rules: RulesSource, clock: Clock) -> None:
        self._log = log
        self._directory = directory
        self._rules = rules
        self._clock = clock

    def step(self, timeout: float) -> Batch:
        """Take one batch through all its steps; empty where no record came within `timeout` seconds.

        Where a step fails, what was not committed is polled again: nothing of it has left.
        """
        records = self._log.poll(BATCH_RECORDS, timeout)
        done = Batch(len(records), [], [])
        if not records:
            self._look()
            return done
        try:
            # Rules are swapped between two batches. The directory is as it is once the batch is here: what is
            # unknown then, is unknown.
            around = _Around(self._directory.current(), self._rules.current())
            taken: list[Record] = []
            outputs: list[NewRecord] = []
            size = 0
            for start in range(0, len(records), CHUNK_RECORDS):
                chunk = records[start : start + CHUNK_RECORDS]
                decided = self._decide(chunk, around, done)
                taken += chunk
                outputs += decided
                size += sum(len(output.value or b"") for output in decided)
                last = start + CHUNK_RECORDS >= len(records)
                if last or size >= OUTPUT_BYTES:
                    self._log.commit(taken, outputs)
                    taken, outputs, size = [], [], 0
        except BaseException:
            self._log.rewind()
            raise
        return done

    def _look(self) -> None:
        """While nothing comes, take in changes of directory and rules: so that what is wrong with them shows."""
        self._directory.current()
        self._rules.current()

    def _decide(self, records: Sequence[Record], around: _Around, done: Batch) -> list[NewRecord]:
        now = self._clock.now()
        cases: list[Case] = []
        letters: list[NewRecord] = []
        for record in records:
            _read(record, now, cases, letters)
        decisions = _decide_cases(cases, around, letters)
        done.decisions.extend(decisions)
        done.dead_letters.extend(letters)
        return _outputs(decisions, letters)


def _read(record: Record, now: datetime, cases: list[Case], letters: list[NewRecord]) -> None:
    """Sort one record: a tombstone is passed over, an event becomes a case, anything else a dead letter."""
    if record.value is None:
        return
    came = first_came(record)
    try:
        event = read_event(record.value, came, dict(record.headers))
    except RefusedError as error:
        letters.append(dead_letter(record, Cause(error.code, str(error))))
    else:
        cases.append(Case(record, event, came if came < record.timestamp else now))


def _decide_cases(cases: Sequence[Case], around: _Around, letters: list[NewRecord]) -> list[Decision]:
    try:
        decisions = around.decide(cases)
    except MatcherUnavailableError:
        raise
    except Exception:  # noqa: BLE001 - one of them is one that nobody foresaw
        decisions = _decide_each(cases, around, letters)
    records = {id(case.event): case.record for case in cases}
    for decision in decisions:
        if decision.reason is Reason.UNKNOWN_CONTRACT:
            message = "the directory has no contract of this id: load it, then send the event again"
            letters.append(dead_letter(records[id(decision.event)], Cause(Reason.UNKNOWN_CONTRACT, message)))
    return decisions


def _decide_each(cases: Sequence[Case], around: _Around, letters: list[NewRecord]) -> list[Decision]:
    """One by one, so that an event that nobody foresaw stops itself alone."""
    decisions: list[Decision] = []
    for case in cases:
        try:
            decisions += around.decide([case])
        except MatcherUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
            cause = Cause("undecidable", f"deciding failed with {type(error).__name__}")
            letters.append(dead_letter(case.record, cause))
    return decisions


def _outputs(decisions: Sequence[Decision], letters: Sequence[NewRecord]) -> list[NewRecord]:
    """Jobs and the decision of each event, in the order of the events; dead letters last."""
    outputs: list[NewRecord] = []
    for decision in decisions:
        key = decision.event.ticket.id.encode()
        outputs += [NewRecord(JOBS, key, msgspec.json.encode(job)) for job in decision.jobs]
        outputs.append(NewRecord(DECISIONS, key, msgspec.json.encode(decision.record())))
    return [*outputs, *letters]
