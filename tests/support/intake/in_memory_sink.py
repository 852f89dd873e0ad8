"""A log without a disk, which can be away."""

from __future__ import annotations

from collections.abc import Sequence

from intake.ports import LogUnavailableError
from schemas.log import NewRecord


class InMemoryEventSink:
    """`why` is what it raises while it is away."""

    def __init__(self) -> None:
        self.records: list[NewRecord] = []
        self.why: LogUnavailableError | None = None

    def append(self, records: Sequence[NewRecord]) -> None:
        if self.why is not None:
            raise self.why
        for one in records:
            if not isinstance(one.value, bytes):
                raise TypeError("no bytes")
        self.records += records

    def close(self) -> None:
        pass
