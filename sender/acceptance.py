"""From the log of jobs into the ledger.

The ledger first, then the log's position: a crash in between repeats, and never loses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.clock import Clock
from schemas.dead_letter import Cause, dead_letter
from schemas.job import JOB_DECODER, Job, without_new_words
from schemas.log import NewRecord, Record
from schemas.reading import check_free_value, read_json
from schemas.refusal import RefusedError, refuse
from sender.delivery.log_lines import tell_admissions, tell_dead_letter
from sender.ledger.jobs import JobQueue
from sender.ports import JobLog, Topics
from sender.records import Admission
from sender.storms.storm import NO_STORMS, StormPolicy
from sender.tracing import JobTrace, Tracer, Untraced

MAX_JOB_BYTES: Final = 1_048_576
"""The size of a job's JSON. Texts are cut by the engine, so a larger one is no job of ours."""


class AcceptanceSettings(Struct, frozen=True):
    """Records taken at once, seconds to wait for some where there are none, and what counts as a storm."""

    max_records: int = 500
    poll_timeout: float = 1.0
    storm: StormPolicy = NO_STORMS


class Accepted(Struct, frozen=True):
    """What became of the records of one step: admissions by kind, refused records, and how many records there were."""

    admissions: dict[Admission, int]
    refused: int
    records: int


class Acceptance:
    """Moves jobs from the log into the ledger.

    Every error of a port is raised: what was not committed comes again, at the next step or the next start.
    """

    def __init__(
        self,
        log: JobLog,
        ledger: JobQueue,
        dead_letters: Topics,
        clock: Clock,
        settings: AcceptanceSettings | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._log = log
        self._ledger = ledger
        self._dead_letters = dead_letters
        self._clock = clock
        self._settings = settings or AcceptanceSettings()
        self._tracer = tracer or Untraced()

    def step(self) -> Accepted:
        """Take in the next records; waits for some, and blocks meanwhile. What could not be taken in comes again."""
        records = self._log.poll(self._settings.max_records, self._settings.poll_timeout)
        if not records:
            return Accepted({}, 0, 0)
        try:
            coming, letters = self._sort_out(records)
            # Dead letters before the commit: after a crash in between they are written again, and none is lost.
            if letters:
                self._dead_letters.append(letters)
            admissions = self._take_in(coming)
            self._log.commit()
        except BaseException:
            self._log.rewind()
            raise
        return Accepted(dict(Counter(admissions)), len(letters), len(records))

    def _sort_out(self, records: Sequence[Record]) -> tuple[list[_Coming], list[NewRecord]]:
        """The jobs in these records, in their order, and a dead letter for each record that is none.

        A tombstone is neither.
        """
        coming: list[_Coming] = []
        letters: list[NewRecord] = []
        for record in records:
            if record.value is None:
                continue
            try:
                job = read_job(record.value)
            except RefusedError as error:
                cause = Cause(error.code, str(error))
                tell_dead_letter(record, cause)
                letters.append(dead_letter(record, cause))
            else:
                coming.append(_coming(job, self._tracer.accepting(record, job)))
        return coming, letters

    def _take_in(self, coming: Sequence[_Coming]) -> list[Admission]:
        jobs = [one.job for one in coming]
        try:
            admissions = self._ledger.accept(jobs, self._clock.now(), self._settings.storm)
        except BaseException:
            for one in coming:
                one.trace.end(None)
            raise
        tell_admissions(jobs, admissions)
        for one, admission in zip(coming, admissions, strict=True):
            one.trace.end(admission)
        return admissions


class _Coming(Struct, frozen=True):
    """A job that comes in, and the span of that."""

    job: Job
    trace: JobTrace


def _coming(job: Job, trace: JobTrace) -> _Coming:
    """The job with the trace in which it came: its attempts belong to that trace, however much later they are made."""
    return _Coming(job if trace.context is None else replace(job, trace=trace.context), trace)


def read_job(raw: bytes) -> Job:
    """The job in these bytes. Raises RefusedError where there is none, or one that the ledger could not keep."""
    try:
        job = read_json(raw, JOB_DECODER, MAX_JOB_BYTES)
    except RefusedError:
        # A newer engine may use words that this release does not know. Those that only inform are left out.
        known = without_new_words(raw)
        if known is raw:
            raise
        job = read_json(known, JOB_DECODER, MAX_JOB_BYTES)
    if job.expires.tzinfo is None:
        raise refuse("expires", job.expires.isoformat(), "the time has no offset: send it in UTC")
    check_free_value("context.ticket.custom", job.context.ticket.custom)
    return job
