"""What the engine needs from outside, besides the rule engine itself (see rule_matching.RuleMatcher)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from engine.decide import Decision
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from engine.stages.s4_rule_matching import RuleMatcher
from schemas.dead_letter import Cause
from schemas.log import NewRecord, Record
from schemas.trace_context import TraceContext


class EventLog(Protocol):
    """The log of ticket events, read by one group, and the topics that the engine writes."""

    def poll(self, max_records: int, timeout: float) -> Sequence[Record]:
        """The records after the last that were committed or polled, at most `max_records`.

        Empty where none came within `timeout` seconds.
        """
        ...

    def commit(self, records: Sequence[Record], outputs: Sequence[NewRecord]) -> None:
        """Append the outputs and move the group behind these records: both in one transaction, or neither.

        The records are polled ones, without a gap after the last that were committed.
        """
        ...

    def rewind(self) -> None:
        """Poll again from the last commit: what was polled since was not decided."""
        ...

    def partition_of(self, key: bytes) -> int | None:
        """The partition to which polled records of this key belong; None where that is not known."""
        ...


class DirectorySource(Protocol):
    """Where the directory comes from."""

    def current(self) -> Directory:
        """The directory, with every change that is known by now applied."""
        ...


class RulesInForce(Struct, frozen=True):
    """A rulebook, and the rule engine that has it loaded."""

    rulebook: Rulebook
    matcher: RuleMatcher


class RulesSource(Protocol):
    """Where the rules come from."""

    def current(self) -> RulesInForce:
        """The rules in force by now. Those that were given before must no longer be used."""
        ...


class EventTrace(Protocol):
    """The span of one record on its way through the engine. It is ended once; never fails."""

    @property
    def context(self) -> TraceContext | None:
        """The context to pass on with the records that follow from it; None where nothing is traced."""
        ...

    def end(self, decision: Decision | None, cause: Cause | None) -> None:
        """What became of the record is committed: its decision, or the cause of its dead letter, or both."""
        ...

    def fail(self, error: BaseException) -> None:
        """It was not committed, so it comes again."""
        ...


class Tracer(Protocol):
    """Follows events through services. It never fails, and waits for nothing outside this process."""

    def begin(self, record: Record) -> EventTrace:
        """A record was taken up; its trace is that with which it came."""
        ...


class Untraced:
    """Tracer and EventTrace in one, where nothing is traced."""

    context: TraceContext | None = None

    def begin(self, record: Record) -> EventTrace:  # noqa: ARG002 - of the port
        """See Tracer."""
        return self

    def end(self, decision: Decision | None, cause: Cause | None) -> None:
        """See EventTrace."""

    def fail(self, error: BaseException) -> None:
        """See EventTrace."""
