"""What customers see of a status: its label, the status itself where it has none, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from engine.rulebook.rulebook import Policy
from engine.scope import Scope


def is_internal(status: str | None, policy: Policy) -> bool:
    """Whether customers must not see this status."""
    return status is not None and status in policy.statuses and policy.statuses[status] is None


def label(status: str | None, language: str, policy: Policy) -> str | None:
    """The words that customers read for a status; None where there is none, or an internal one."""
    if status is None or status not in policy.statuses:
        return status
    labels = policy.statuses[status]
    return None if labels is None else labels.get(language, labels[policy.language])


def changed_for_customers(scope: Scope, languages: Sequence[str]) -> bool:
    """Whether the status that customers see changed, in any of these languages.

    Where the platform declares the change and gives no status before, it is believed.
    """
    policy = scope.policy
    now = scope.event.ticket.status
    if is_internal(now, policy):
        return False
    before = scope.status_before
    if scope.event.previous is None or is_internal(before, policy):
        return True
    return any(label(before, language, policy) != label(now, language, policy) for language in languages)
