"""What every ledger promises when a person is forgotten."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.job import PersonRef
from schemas.log import NewRecord
from schemas.topics import SUPPRESSIONS
from schemas.vocabulary import Channel, PersonKind
from sender.ledger.port import Ledger
from sender.privacy.forgetting import Forgetting, Forgotten
from sender.privacy.naming import FORGOTTEN
from sender.records import Report, Selection
from sender.states import State, Transition
from tests.contract.ledger_promises import LEASE, found, on, state
from tests.contract.outbox_promises import told
from tests.support.sender.fakes import START, a_job

ZOE = PersonRef(PersonKind.CONTACT, "ct-1")
LI = PersonRef(PersonKind.COLLABORATOR, "co-1")
FORGETTING = Forgetting(ZOE, ["Zoe@acme.example"], ["Zo\u00e9 Martin"])


def sent(ledger: Ledger, event: str, person: PersonRef, address: str, text: str = "nothing") -> str:
    """A job that was delivered, with words of the relay that name its address."""
    job = a_job(event, f"T-{event}", address, person=person)
    job = replace(job, context=replace(job.context, ticket=replace(job.context.ticket, title=text), person_name=text))
    ledger.accept([job], START)
    [claimed] = ledger.claim(START, 1, LEASE)
    ledger.record([replace(on(claimed, Transition.DELIVERED), code=250, text=f"<{address}> accepted")], START)
    return job.id


def of_the_persons_own_jobs_nothing_is_left(ledger: Ledger) -> None:
    job = sent(ledger, "e-1", ZOE, "zoe@acme.example", "my printer")
    before = found(ledger, job)
    assert ledger.blank(FORGETTING, 10).own == 1
    after = found(ledger, job)
    assert (after.job.id, after.job.event, after.standing) == (job, before.job.event, before.standing)
    assert (str(after.job.person), after.job.address) == (f"contact/{FORGOTTEN}", FORGOTTEN)
    assert "printer" not in str(after)
    assert [change.text for change in ledger.history(job)] == [None, None, None]
    assert [change.code for change in ledger.history(job)] == [None, None, 250]
    assert ledger.list(Selection(person=ZOE), 10) == []
    assert ledger.counts()[State.DELIVERED] == 1
    assert ledger.accept([before.job], START) == ["duplicate"]


def of_others_jobs_what_names_the_person_is_taken_out(ledger: Ledger) -> None:
    text = "ask ZOE@acme.example, zo\u00e9 martin, or zoe@acme.example.org"
    told_of, same_mailbox = (
        sent(ledger, "e-1", LI, "li@desk.example", text),
        sent(ledger, "e-2", LI, "zoe@acme.example"),
    )
    blanked = ledger.blank(FORGETTING, 10)
    assert (blanked.own, blanked.others, blanked.after) == (0, 1, None)
    title = found(ledger, told_of).job.context.ticket.title
    assert title == f"ask {FORGOTTEN}, {FORGOTTEN}, or zoe@acme.example.org"
    assert found(ledger, told_of).job.address == "li@desk.example"
    assert found(ledger, same_mailbox).job.address == "zoe@acme.example"


def open_jobs_stay_as_they_are(ledger: Ledger) -> None:
    mine, other = a_job("e-1"), a_job("e-2", "T-2", "zoe@acme.example", person=LI)
    ledger.accept([mine, other], START)
    blanked = ledger.blank(FORGETTING, 10)
    assert (blanked.own, blanked.others, blanked.open) == (0, 0, 1)
    assert found(ledger, mine.id).job == mine
    ledger.record([Report(mine.id, 0, Transition.WITHDRAWN, text="Zoe")], START)
    assert ledger.blank(FORGETTING, 10).own == 1
    assert state(ledger, mine.id) is State.WITHDRAWN


def a_person_is_taken_out_page_by_page(ledger: Ledger) -> None:
    for number in range(5):
        sent(ledger, f"e-{number}", ZOE if number % 2 else LI, f"a{number}@acme.example")
    pages: list[int] = []
    after: int | None = 0
    while after is not None:
        page = ledger.blank(FORGETTING, 2, after)
        pages.append(page.own)
        after = page.after
    assert pages == [1, 1, 0]


def what_waits_to_be_told_names_nobody_any_more(ledger: Ledger) -> None:
    sent(ledger, "e-1", ZOE, "zoe@acme.example")
    dead = SuppressionRecord("email/zoe@acme.example", Channel.EMAIL, "zoe@acme.example")
    other = SuppressionRecord("b", Channel.EMAIL, "b@x.example", reason="asked by zoe@acme.example")
    ledger.suppress([dead, other], START)
    ledger.lift(dead.id, START)
    ledger.blank(FORGETTING, 2)
    records = [one.record for one in ledger.outbox(10)]
    assert {str(one.person) for one in told(ledger)} == {f"contact/{FORGOTTEN}"}
    assert not any(b"zoe@" in (record.value or b"").lower() for record in records)
    assert [record.key for record in records if record.topic == SUPPRESSIONS] == [b"suppression/b", GONE.key]
    assert records[-1] == GONE


GONE = NewRecord(SUPPRESSIONS, b"suppression/email/zoe@acme.example", None)


def it_is_kept_who_was_forgotten(ledger: Ledger) -> None:
    first = Forgotten(START, "1f2e-aa", "anna", "asked for it")
    second = Forgotten(START + timedelta(microseconds=1), "1f2e-aa", "anna", "came again")
    for one in (first, second, first):
        ledger.note_forgotten(one)
    assert list(ledger.forgotten(1)) == [second]
    assert list(ledger.forgotten(9))[-1] == first
    assert len({*ledger.forgotten(9)}) == 2
