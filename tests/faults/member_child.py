"""A member of a group as a process: polls and commits, as an engine (`events`) or a sender (`jobs`) does.

`python -m tests.faults.member_child BOOTSTRAP PREFIX KIND INSTANCE SESSION [restless]`: `restless` asks for committed
offsets while the group makes a new generation, as must not be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta

from kafka.structs import MemberState

from adapters.kafka import group_reader, lost_joins
from adapters.kafka.errors import KafkaUnavailableError, NotCommittedError
from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.group_reader import GroupReader
from adapters.kafka.job_log import KafkaJobLog
from adapters.kafka.settings import KafkaSettings, Membership
from schemas.topics import JOBS

GROUP = "members"
POLL = 0.5
Steps = tuple[Callable[[], None], Callable[[], None]]
"""One step, and what to do where it fails."""


def main() -> None:
    bootstrap, prefix, kind, instance, session, *flags = sys.argv[1:]
    if "restless" in flags:
        make_restless()
    settings = KafkaSettings((bootstrap,), prefix)
    membership = Membership(GROUP, instance, timedelta(seconds=float(session)), timedelta(seconds=5))
    step, rewind = {"events": events, "jobs": jobs, "nothing": watching}[kind](settings, membership)
    while True:
        try:
            step()
        except (NotCommittedError, KafkaUnavailableError):
            rewind()


def events(settings: KafkaSettings, membership: Membership) -> Steps:
    log = KafkaEventLog(settings, membership)

    def step() -> None:
        records = log.poll(500, POLL)
        if records:
            log.commit(records, [])

    return step, log.rewind


def jobs(settings: KafkaSettings, membership: Membership) -> Steps:
    log = KafkaJobLog(settings, membership)

    def step() -> None:
        log.poll(500, POLL)
        log.commit()

    return step, lambda: None


def watching(settings: KafkaSettings, membership: Membership) -> Steps:
    """As a member that has nothing to commit."""
    reader = group_reader.GroupReader(settings, membership, JOBS)
    return lambda: void(reader.poll(500, POLL)), lambda: None


def void(_: object) -> None:
    """Nothing is done with it."""


def make_restless() -> None:
    """Let it settle its positions whatever the group does, poll no longer than it was asked to, and mend nothing."""

    class Restless(GroupReader):
        def _settle(self) -> None:
            reader = self._consumer
            true = reader.group_metadata

            def as_if_it_stood() -> object:
                return true()._replace(state=MemberState.STABLE)

            reader.group_metadata = as_if_it_stood
            try:
                super()._settle()
            finally:
                reader.group_metadata = true

    setattr(lost_joins.LostJoins, "look", lambda _: None)  # noqa: B010 - whoever breaks something says it plainly
    group_reader.JOIN_PATIENCE = 0.0  # type: ignore[misc]
    group_reader.GroupReader = Restless  # type: ignore[misc]
    for module in ("adapters.kafka.event_log", "adapters.kafka.job_log"):
        sys.modules[module].GroupReader = Restless  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
