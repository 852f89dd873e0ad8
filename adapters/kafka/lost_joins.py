"""Restarts a join that kafka-python 3.0.12 has lost track of. Nothing else would ever end it."""

from __future__ import annotations

from typing import Any

import structlog
from kafka.structs import MemberState

log = structlog.get_logger()


class LostJoins:
    """Looks at a member of a group after each poll.

    When partitions are added to a topic, the group's leader joins again, because its assignment covers other partitions
    than the topic has. It records the new partitions while that join is still under way, and from then on sees no
    difference. If a poll ends at that moment, the next one no longer waits for the answer to the join. The member then
    stays between two generations: it sends no heartbeats, the group removes it, it does not notice, and each poll
    returns at once.
    """

    def __init__(self, consumer: Any, group: str) -> None:
        self._coordinator = consumer._coordinator  # noqa: SLF001 - there is no other way to learn of it
        self._group = group
        self._seems_lost = False

    def look(self) -> None:
        """Make the member join again, if it is between two generations and does not try to join."""
        is_joining = self._coordinator.state is MemberState.REBALANCING
        seems_lost = bool(is_joining and not self._coordinator.need_rejoin())
        # Seen once, it may be a join that just ends in the other thread. Seen after two polls in a row, it is lost.
        if seems_lost and self._seems_lost:
            log.warning("join_begun_again", group=self._group)
            self._coordinator.request_rejoin()
            seems_lost = False
        self._seems_lost = seems_lost
