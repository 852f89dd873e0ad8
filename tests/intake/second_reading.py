"""What posts mean, read a second time by other code: from the list of all posts that came, without a state."""

from __future__ import annotations

from typing import Any

from intake.observation import Moment, Observation
from schemas.description import is_described

NOTHING = object()
"""Nobody has said it."""


class SecondReading:
    """Reads posts one after another."""

    def __init__(self) -> None:
        self._counted: list[Observation] = []

    def triggers_of(self, post: Observation) -> set[str]:
        """The triggers that a post raises. It counts from then on, unless it came too late."""
        if self._is_creation_behind_others(post):
            # It is the first save, whenever it comes.
            self._counted, later = [], self._counted
            raised = self._meaning(post)
            self._counted = [post, *later]
            return raised
        if any(post.time < earlier.time for earlier in self._counted):
            return set()
        raised = self._meaning(post)
        self._counted.append(post)
        return raised

    def _is_creation_behind_others(self, post: Observation) -> bool:
        seen = [one.moment for one in self._counted]
        return bool(seen) and Moment.CREATED not in seen and post.moment is Moment.CREATED

    def _meaning(self, post: Observation) -> set[str]:
        return self._raised(post) if post.triggers is None else {one.value for one in post.triggers}

    def _raised(self, post: Observation) -> set[str]:
        was_there = bool(self._counted)
        is_created = post.moment is Moment.CREATED and not was_there
        raised = set()
        now = {name: self._now(name, post) for name in ("contract", "external_description", "status")}
        if (was_there or is_created) and self._opens(post, now):
            raised.add("opened")
        if self._now("resolution_marked", post) and self._was("resolution_marked", post, False) is False:
            raised.add("resolved")
        if self._now("closed_for_customer", post) and self._was("closed_for_customer", post, False) is False:
            raised.add("closed")
        status = self._was("status", post, NOTHING)
        if not is_created and status is not NOTHING and status != now["status"]:
            raised.add("status_changed")
        return raised

    def _opens(self, post: Observation, now: dict[str, Any]) -> bool:
        if now["contract"] is None or not is_described(now["external_description"]):
            return False
        description = self._was("external_description", post, None)
        if description is not NOTHING and not is_described(description):
            return not self._was_described_once()
        return self._was("contract", post, None) is None

    def _was_described_once(self) -> bool:
        return any(is_described(one.ticket.get("external_description")) for one in self._counted)

    def _now(self, name: str, post: Observation) -> Any:
        """The field as the newest post says it that says it at all."""
        said = [one.ticket[name] for one in (*self._counted, post) if name in one.ticket]
        return said[-1] if said else None

    def _was(self, name: str, post: Observation, at_creation: Any) -> Any:
        """The field before this post. NOTHING where that is not known."""
        told = NOTHING if post.before is None else post.before.get(name, NOTHING)
        said = [one.ticket[name] for one in self._counted if name in one.ticket]
        first = (*self._counted, post)[0]
        known = said[-1] if said else at_creation if first.moment is Moment.CREATED else NOTHING
        is_same_save = bool(self._counted) and self._counted[-1].time == post.time
        if is_same_save:
            return told if known is NOTHING else known
        if not self._counted and first.moment is Moment.CREATED:
            return at_creation
        return known if told is NOTHING else told
