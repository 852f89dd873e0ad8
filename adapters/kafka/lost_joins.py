"""A join that kafka-python 3.0.12 has lost sight of is begun again, since nothing else would ever end it."""

from __future__ import annotations

from typing import Any

import structlog
from kafka.structs import MemberState

log = structlog.get_logger()


class LostJoins:
    """Looks at a member of a group after each poll.

    Where partitions are added to a topic, the member that deals them out joins again because what it dealt out differs
    from what there is. It writes down the new deal while its join is still under way; from then on nothing differs,
    and if a poll ends in that moment, the next one asks for no answer any more. The member stays between two
    generations, sends no sign of life, is thrown out, and does not notice; each poll returns at once.
    """

    def __init__(self, consumer: Any, group: str) -> None:
        self._coordinator = consumer._coordinator  # noqa: SLF001 - there is no other way to learn of it
        self._group = group
        self._seems_lost = False

    def look(self) -> None:
        """Have the member join again, where it does not join although it is between two generations."""
        is_joining = self._coordinator.state is MemberState.REBALANCING
        seems_lost = bool(is_joining and not self._coordinator.need_rejoin())
        # Once may be the moment in which a join ends, as seen from this thread.
        if seems_lost and self._seems_lost:
            log.warning("join_begun_again", group=self._group)
            self._coordinator.request_rejoin()
            seems_lost = False
        self._seems_lost = seems_lost
