"""What a sender makes of records that can't be read: nobody has left by that, and a suppression may stand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.directory.directory import Directory
from schemas.directory import ContactRecord, SuppressionRecord, widest_suppression
from sender.privacy.people_index import LEFT, PeopleIndex
from sender.records import LedgerEntry
from sender.states import Transition, begin
from tests.support.engine_on_fakes import Still
from tests.support.sender.fakes import START, a_job
from tocsin.services.embedded.directory import DirectoryPeople

JOB = a_job()
ENTRY = LedgerEntry(JOB, False, begin(Transition.ACCEPTED, START))
WHO = JOB.person
HELD = f"{WHO}/email/opened"


Fill = Callable[[PeopleIndex | Directory], None]


def on_kafka(fill: Fill) -> str | None:
    people = PeopleIndex()
    fill(people)
    return people.withdrawal(ENTRY, START)


def embedded(fill: Fill) -> str | None:
    directory = Directory()
    fill(directory)
    people = DirectoryPeople(Still(directory))
    people.look()
    return people.withdrawal(ENTRY, START)


@pytest.fixture(params=[on_kafka, embedded])
def withdrawal(request: pytest.FixtureRequest) -> Callable[[Fill], str | None]:
    return request.param  # type: ignore[no-any-return]


def test_somebody_who_is_not_there_has_left(withdrawal: Callable[[Fill], str | None]) -> None:
    assert withdrawal(lambda _: None) == LEFT


@pytest.mark.parametrize("was_there", [True, False], ids=["before", "after a restart"])
def test_somebody_whose_record_cannot_be_read_has_not_left(
    withdrawal: Callable[[Fill], str | None], was_there: bool
) -> None:
    def fill(into: PeopleIndex | Directory) -> None:
        if was_there:
            into.apply(ContactRecord(id=WHO.id))
        into.mark_unreadable(WHO.kind, WHO.id)

    assert withdrawal(fill) is None


@pytest.mark.parametrize("person_is_readable", [True, False])
def test_a_suppression_that_cannot_be_read_holds_back_whom_it_names(
    withdrawal: Callable[[Fill], str | None], person_is_readable: bool
) -> None:
    def fill(into: PeopleIndex | Directory) -> None:
        if person_is_readable:
            into.apply(ContactRecord(id=WHO.id))
        else:
            into.mark_unreadable(WHO.kind, WHO.id)
        into.mark_unreadable("suppression", HELD, widest_suppression(HELD, b"{"))

    def mended(into: PeopleIndex | Directory) -> None:
        fill(into)
        into.apply(SuppressionRecord(id=HELD, person="contact/somebody-else"))

    assert str(withdrawal(fill)).startswith("suppressed")
    assert withdrawal(mended) is None
