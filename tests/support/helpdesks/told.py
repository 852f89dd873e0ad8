"""What must have come of a helpdesk's posts: each post taken once, and each person told what they must be, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.helpdesks.life import DESCRIPTION, NOTE, REPLY, TITLE, Desk
from tests.support.helpdesks.world import Answers, Mail


@dataclass
class Told:
    """What each helpdesk was answered, and all mails of all of them."""

    answers: Mapping[str, Sequence[Answers]]
    mails: Sequence[Mail]


def check_answers(told: Told, desk: Desk) -> None:
    """Every post was taken, its repetition made no event, and one that was signed by somebody else was refused."""
    for answers in told.answers[desk.name]:
        given = (answers.first.status_code, answers.first.json())
        assert given == (202, {"events": answers.step.events}), answers.step.name
        assert (answers.again.status_code, answers.again.json()) == (202, {"events": 0}), answers.step.name
        assert answers.forged.status_code == 403, answers.step.name
        assert answers.forged.json()["code"] == "wrong_signature"


def check_mails(told: Told, desk: Desk) -> None:
    """Contact and collaborator have got one mail each for each step that tells something, and no other."""
    contact, collaborator = desk.people
    expected = [f"[{step.told}] {desk.reference}: {TITLE}" for step in desk.steps if step.told is not None]
    of_ticket = [mail for mail in told.mails if desk.reference in mail.subject.partition(":")[0].split()]
    for person in desk.people:
        own = [mail for mail in told.mails if person in mail.recipients]
        # Of one ticket, they are sent side by side.
        assert sorted(mail.subject for mail in own) == sorted(expected)
        assert {mail.recipients for mail in own} == {(person,)}
        texts = {mail.subject.partition("]")[0].strip("["): mail.text for mail in own}
        created, changed, closed = desk.statuses
        assert DESCRIPTION in texts["Opened"]
        assert f"Status: {created}\n" in texts["Opened"].replace("\r\n", "\n")
        assert f"{created} → {changed}" in texts["Status"]
        assert f"{changed} → {closed}" in texts["Closed"]
        assert all(desk.reference in mail.text and TITLE in mail.text for mail in own)
    assert {mail.recipients[0] for mail in of_ticket} == {contact, collaborator}
    for mail in of_ticket:
        assert REPLY not in mail.text
        # Where a helpdesk says that notes are internal, colleagues may read them.
        assert NOTE not in mail.text or mail.recipients == (collaborator,)
