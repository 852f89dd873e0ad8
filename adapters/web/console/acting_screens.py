"""Acts on messages: a page that says what will happen, and the form by which it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from adapters.web.console.answers import NOT_FOUND, Answer, Page
from adapters.web.console.desk_screens import Desk, look
from adapters.web.console.routing import Screen
from adapters.web.console.visit import Visit
from console.people.journal import Action, Entry
from console.people.ports import JournalStore
from console.people.roles import Permission
from console.screens.acting import LONGEST_REASON, Asked, Candidate, acted, candidates
from sender.ledger.operator_actions import Act
from sender.messages.plain_text import one_line

ACTIONS: Final = {
    Act.RESEND: Action.MESSAGE_RESENT,
    Act.CANCEL: Action.MESSAGE_CANCELLED,
    Act.HOLD: Action.MESSAGE_HELD,
    Act.RELEASE: Action.MESSAGE_RELEASED,
}
_SEEN: Final = re.compile(r"(?P<changes>[0-9]{1,6}) (?P<job>.+)", re.DOTALL)


def acting_screens(desk: Desk, journal: JournalStore) -> Sequence[Screen]:
    """The screens of this file."""
    acting = _Acting(desk, journal)
    return [
        Screen("/act", Permission.ACT_ON_MESSAGES, acting.ahead),
        Screen("/act", Permission.ACT_ON_MESSAGES, acting.act, is_post=True),
    ]


class _Acting:
    def __init__(self, desk: Desk, journal: JournalStore) -> None:
        self._desk = desk
        self._journal = journal

    def ahead(self, visit: Visit) -> Answer:
        """What will happen."""
        act = _act(visit.asked("act"))
        if act is None:
            return NOT_FOUND
        chosen = visit.query.get("shown" if visit.asked("all") else "job", ())
        found = candidates(self._desk.ledger, [Asked(one) for one in chosen], act, visit.viewer, visit.now)
        return _page(act, found, wrong=None if found else "act.none")

    def act(self, visit: Visit) -> Answer:
        """Do it."""
        act, reason = _act(visit.said("act")), one_line(visit.said("reason"), LONGEST_REASON)
        if act is None or self._desk.acting is None:
            return NOT_FOUND
        seen = map(_SEEN.fullmatch, visit.form.get("seen", ()))
        asked = [Asked(one["job"], int(one["changes"])) for one in seen if one is not None]
        found = candidates(self._desk.ledger, asked, act, visit.viewer, visit.now)
        if not found or not any(map(str.isalnum, reason)):
            return _page(act, found, wrong="act.reason.missing" if found else "act.none", reason=reason)

        def note(job: str) -> None:
            who = visit.account.name
            self._journal.note(Entry(visit.now, who, ACTIONS[act], job, reason, visit.client.shown))

        return _page(act, acted(self._desk.acting, found, act, visit.now, reason, note), reason=reason, is_done=True)


def _act(text: str) -> Act | None:
    return Act(text) if text in tuple(Act) else None


def _page(
    act: Act, found: Sequence[Candidate], *, wrong: str | None = None, reason: str = "", is_done: bool = False
) -> Answer:
    given = {
        "act": act,
        "ready": [one for one in found if one.obstacle is None],
        "left": [one for one in found if one.obstacle is not None],
        "wrong": wrong,
        "reason": reason,
        "longest": LONGEST_REASON,
        "is_done": is_done,
        "look": look,
    }
    return Page("act.html", given, HTTPStatus.OK if wrong is None else HTTPStatus.UNPROCESSABLE_ENTITY)
