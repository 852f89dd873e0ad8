"""Whether a service is alive, and whether it is ready: what its parts say of themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

Monotonic = Callable[[], float]
"""A clock in seconds that is never set back, such as time.monotonic."""

STUCK_SECONDS: Final = 180.0
"""A loop that has not come round for so long is stuck: a batch, and every wait in it, ends far sooner."""

MOST_REMARKS: Final = 20
"""Remarks about one part that are named; further ones are counted."""


class Vitals:
    """Heartbeats and reasons: threads that work report them, and the thread that answers probes reads them."""

    def __init__(self, monotonic: Monotonic, stuck_after: float = STUCK_SECONDS) -> None:
        self._monotonic = monotonic
        self._stuck_after = stuck_after
        self._lock = threading.Lock()
        self._beats: dict[str, float] = {}
        self._reasons: dict[str, str] = {}
        self._parts: dict[str, bool] = {}
        self._remarks: dict[str, list[str]] = {}

    def beat(self, loop: str, ago: float = 0.0) -> None:
        """This loop has come round, so many seconds ago."""
        with self._lock:
            self._beats[loop] = self._monotonic() - ago

    def over(self, loop: str) -> None:
        """This loop has ended as it was told to, so nobody waits for it to come round."""
        with self._lock:
            self._beats.pop(loop, None)

    def not_ready(self, part: str, reason: str) -> None:
        """This part can't do its work, for a reason that a person understands."""
        with self._lock:
            self._reasons[part] = reason
            self._parts[part] = False

    def ready(self, part: str) -> None:
        """This part can do its work."""
        with self._lock:
            self._reasons.pop(part, None)
            self._parts[part] = True

    def remark(self, part: str, remarks: Sequence[str]) -> None:
        """This part works, though something is wrong that a person has to mend; an empty list where all is well."""
        with self._lock:
            self._remarks[part] = [*remarks[:MOST_REMARKS]]
            if len(remarks) > MOST_REMARKS:
                self._remarks[part].append(f"and {len(remarks) - MOST_REMARKS} more")

    def stuck(self) -> list[str]:
        """Loops that have not come round for too long; none where all is well."""
        with self._lock:
            now = self._monotonic()
            # Only the age counts: a loop that is slow but comes round is not stuck.
            late = {name: now - beat for name, beat in self._beats.items() if now - beat > self._stuck_after}
        return [f"{name}: has not come round for {seconds:.0f} s" for name, seconds in sorted(late.items())]

    def parts(self) -> dict[str, bool]:
        """Every part that was told of so far, and whether it is ready."""
        with self._lock:
            return dict(self._parts)

    def ages(self) -> dict[str, float]:
        """Every loop that has come round so far and has not ended, and how many seconds ago it came round."""
        with self._lock:
            now = self._monotonic()
            return {name: now - beat for name, beat in self._beats.items()}

    def running(self) -> list[str]:
        """Every loop that has not ended, in words."""
        return [f"{name} (came round {seconds:.0f} s ago)" for name, seconds in sorted(self.ages().items())]

    def reasons(self) -> list[str]:
        """Why the service is not ready; empty where it is."""
        with self._lock:
            return [f"{part}: {reason}" for part, reason in sorted(self._reasons.items())]

    def remarks(self) -> list[str]:
        """What is wrong with parts that do their work all the same."""
        with self._lock:
            return [f"{part}: {remark}" for part, remarks in sorted(self._remarks.items()) for remark in remarks]
