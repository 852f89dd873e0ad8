"""A message as its reader sees it: its header fields and text, and its HTML in a frame that can do nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from adapters.web.console.answers import NOT_FOUND, Answer, Document, Page, refused
from adapters.web.console.desk_screens import Desk
from adapters.web.console.routing import Screen
from adapters.web.console.visit import Visit
from console.people.roles import Permission
from console.screens.letter import MOST_TEXT, NoLetterError, letter_of

FRAMED: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "X-Frame-Options": "SAMEORIGIN",
}
"""Of the framed document alone: mails bring their styles with them. It runs nothing, sends nothing, loads nothing."""


def letter_screens(desk: Desk) -> Sequence[Screen]:
    """The screens of this file. Each message is written in a child process, so few at once."""

    def letter(visit: Visit) -> Answer:
        job = visit.parts["job"]
        try:
            found = letter_of(desk.ledger, desk.letters, job, visit.viewer)
        except NoLetterError as error:
            return Page("letter.html", {"job": job, "entry": None, "letter": None, "wrong": error, "text": ""})
        if found is None:
            return NOT_FOUND
        entry, made = found
        given = {"job": job, "entry": entry, "letter": made, "wrong": None, "text": made.text[:MOST_TEXT]}
        return Page("letter.html", given)

    def framed(visit: Visit) -> Answer:
        try:
            found = letter_of(desk.ledger, desk.letters, visit.parts["job"], visit.viewer)
        except NoLetterError:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE)
        if found is None or found[1].html is None:
            return NOT_FOUND
        return Document(found[1].html.encode("utf-8", "replace"), "text/html; charset=utf-8", FRAMED)

    return [
        Screen("/messages/{job:str}/letter", Permission.SEE_MESSAGES, letter, is_slow=True),
        Screen("/messages/{job:str}/letter/html", Permission.SEE_MESSAGES, framed, is_slow=True),
    ]
