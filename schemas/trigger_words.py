"""What others call a trigger: words of other helpdesks, and of French."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.vocabulary import Trigger

REOPENED: Final = frozenset(
    {"reopened", "reopen", "reopening", "re-opened", "reopened_ticket", "ticket_reopened", "rouvert", "réouvert"}
)
_SYNONYMS: Final[Mapping[str, Trigger]] = {
    **dict.fromkeys(("created", "create", "creation", "new", "open", "ouvert", "créé", "nouveau"), Trigger.OPENED),
    **dict.fromkeys(("solved", "resolve", "fixed", "résolu"), Trigger.RESOLVED),
    **dict.fromkeys(("close", "ended", "fermé", "clos", "clôturé"), Trigger.CLOSED),
    **dict.fromkeys(("status", "changed", "updated", "update", "modified", "statut"), Trigger.STATUS_CHANGED),
}


def trigger_called(word: object) -> Trigger | None:
    """The trigger that is meant by a word of another helpdesk."""
    if not isinstance(word, str):
        return None
    return Trigger.STATUS_CHANGED if word.casefold() in REOPENED else _SYNONYMS.get(word.casefold())
