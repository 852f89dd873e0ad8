"""A member learns with its next heartbeat that another process has taken its group instance id."""

from __future__ import annotations

from typing import Any

from kafka.errors import FencedInstanceIdError

from adapters.kafka.errors import InstanceTakenError


class Fencing:
    """Watches a consumer's heartbeats, and raises the fencing error that kafka-python 3.0.12 only logs.

    A fenced member sends no more heartbeats, but keeps its partitions and can still poll. While no record comes,
    nothing would show that it is fenced.
    """

    def __init__(self, consumer: Any) -> None:
        self._coordinator = consumer._coordinator  # noqa: SLF001 - there is no other way to learn of it
        self._handle = self._coordinator._handle_heartbeat_response  # noqa: SLF001
        self._fenced_as: str | None = None
        self._coordinator._handle_heartbeat_response = self._seen  # noqa: SLF001

    def check(self) -> None:
        """Raises InstanceTakenError if another process has this member's group instance id."""
        # A process that has joined again since then has a new member id, so the old answer is not about it.
        if self._fenced_as is not None and self._fenced_as == self._member_id():
            raise InstanceTakenError(
                f"another process has the group instance id {self._coordinator.group_instance_id!r}"
            )

    def _seen(self, response: Any, send_time: float) -> None:
        """Handles the answer to a heartbeat. It runs in kafka-python's heartbeat thread."""
        member_id = self._member_id()
        try:
            self._handle(response, send_time)
        except FencedInstanceIdError:
            self._fenced_as = member_id
            raise

    def _member_id(self) -> str:
        return str(self._coordinator._generation.member_id)  # noqa: SLF001
