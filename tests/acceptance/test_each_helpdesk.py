"""Each helpdesk, from what it posts and signs to the mails that people get: one `tocsin up --http` for all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from adapters.sqlite.event_log import SqliteLog
from schemas.outcome import Outcome
from schemas.topics import DECISIONS, JOBS, OUTCOMES
from tests.faults.engines import until
from tests.faults.stoppable import PATIENCE
from tests.support.helpdesks.desks import DESKS
from tests.support.helpdesks.life import NOTE
from tests.support.helpdesks.told import Told, check_answers, check_mails
from tests.support.helpdesks.up import UpDoor
from tests.support.helpdesks.world import live, mails_in
from tests.support.mail.mailbox_thread import mailbox_in


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """All helpdesks have posted, all is decided, and all mails have come."""
    folder = tmp_path_factory.mktemp("desks")
    with mailbox_in(folder / "mail") as port:
        door = UpDoor(folder, port)
        with door.running() as client:
            answers = {name: live(client, desk) for name, desk in DESKS.items()}
            events = sum(one.first.json().get("events", 0) for some in answers.values() for one in some)
            until(lambda: is_done(door.database, events), PATIENCE)
        yield Told(answers, mails_in(folder / "mail"))


def is_done(database: Path, events: int) -> bool:
    """Whether each of these events is decided, and each of their jobs delivered."""
    with closing(SqliteLog(database)) as log:
        jobs = log.read(JOBS, limit=1_000)
        outcomes = [msgspec.json.decode(one.value or b"", type=Outcome) for one in log.read(OUTCOMES, limit=1_000)]
        delivered = [one for one in outcomes if one.state == "delivered"]
        return len(log.read(DECISIONS, limit=1_000)) == events and len(delivered) == len(jobs)


@pytest.mark.parametrize("name", DESKS)
def test_its_posts_are_taken_once_and_forged_ones_never(told: Told, name: str) -> None:
    check_answers(told, DESKS[name])


@pytest.mark.parametrize("name", DESKS)
def test_the_right_people_get_the_right_mails_and_nobody_else(told: Told, name: str) -> None:
    check_mails(told, DESKS[name])


def test_no_mail_came_to_anybody_else(told: Told) -> None:
    known = {address for desk in DESKS.values() for address in desk.people}
    assert {address for mail in told.mails for address in mail.recipients} == known


def test_the_check_finds_a_mail_too_many_one_too_few_one_to_somebody_else_and_a_note_to_a_contact(told: Told) -> None:
    desk = DESKS["zammad"]
    contact, collaborator = desk.people
    of_contact = next(mail for mail in told.mails if mail.recipients == (contact,))
    others = [mail for mail in told.mails if mail is not of_contact]
    for broken in (
        [*told.mails, of_contact],
        others,
        [*told.mails, replace(of_contact, recipients=("somebody@else.example",))],
        [*others, replace(of_contact, recipients=(contact, collaborator))],
        [*others, replace(of_contact, text=f"{of_contact.text} {NOTE}")],
        [*others, replace(of_contact, subject=of_contact.subject.replace("[", "[Re"))],
    ):
        with pytest.raises(AssertionError):
            check_mails(replace(told, mails=broken), desk)
