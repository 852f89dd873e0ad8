"""A member whose name in the group another process has taken learns of it by its next sign of life."""

from __future__ import annotations

from typing import Any

from kafka.errors import FencedInstanceIdError

from adapters.kafka.errors import InstanceTakenError


class Fencing:
    """Watches a consumer's signs of life, and raises what kafka-python 3.0.12 only logs.

    A member that is fenced sends no sign of life any more, keeps its partitions, and goes on to poll: where nothing
    comes, it would go on to say that all is well for as long as nothing does.
    """

    def __init__(self, consumer: Any) -> None:
        self._coordinator = consumer._coordinator  # noqa: SLF001 - there is no other way to learn of it
        self._handle = self._coordinator._handle_heartbeat_response  # noqa: SLF001
        self._fenced_as: str | None = None
        self._coordinator._handle_heartbeat_response = self._seen  # noqa: SLF001

    def check(self) -> None:
        """Raises InstanceTakenError where another process has this member's group instance id."""
        # Who has joined again since then is another member, and was answered as one.
        if self._fenced_as is not None and self._fenced_as == self._member_id():
            raise InstanceTakenError(
                f"another process has the group instance id {self._coordinator.group_instance_id!r}"
            )

    def _seen(self, response: Any, send_time: float) -> None:
        """In kafka-python's own thread: the answer to a sign of life."""
        member_id = self._member_id()
        try:
            self._handle(response, send_time)
        except FencedInstanceIdError:
            self._fenced_as = member_id
            raise

    def _member_id(self) -> str:
        return str(self._coordinator._generation.member_id)  # noqa: SLF001
