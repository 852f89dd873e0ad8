"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The present moment by the machine's clock."""

    def now(self) -> datetime:
        """See schemas.clock.Clock."""
        return datetime.now(UTC)
