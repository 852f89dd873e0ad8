"""One mailbox, however it is spelled: in merging, suppressions, "own save", lanes and ids."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.stages.s7_job_writing import job_id
from schemas.directory import ContactRecord, SuppressionRecord
from schemas.mailbox import address_fault, mailbox
from schemas.pseudonyms import NO_PSEUDONYMS
from schemas.vocabulary import Channel, Reason
from sender.privacy.people_index import PeopleIndex
from sender.records import LedgerEntry, domain_of, lane_of, recipient_of
from sender.states import Transition, begin
from sender.suppressions.standing import stands_for, subjects_of
from tests.support.helpdesk.events import Helpdesk, alerted, email, saved
from tests.support.sender.fakes import START, a_job

COMPOSED = "zo\u00e9@b\u00fccher.example"
SPELLINGS = [
    COMPOSED,
    unicodedata.normalize("NFD", COMPOSED),
    "zo\u00e9@xn--bcher-kva.example",
    "ZO\u00c9@XN--BCHER-KVA.EXAMPLE",
    "Zoe\u0301@B\u00dcCHER.Example",
    "zo\u00e9@b\u00fccher\u3002example",  # an ideographic full stop separates labels (UTS 46)
    "  zo\u00e9@b\u00fccher.example\u00a0",
]
ACCEPTED = SPELLINGS[:6]
"""Those that the directory accepts: it refuses blanks around an address by name."""
ONE = "zo\u00e9@xn--bcher-kva.example"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_one_mailbox(spelling: str) -> None:
    assert mailbox(spelling) == ONE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zoe@stra\u00dfe.example", "zoe@strasse.example"),  # IDNA 2008 keeps them apart, as registries do
        ("stra\u00dfe@acme.example", "strasse@acme.example"),
        ("zoe@acme.example", "zo\u00e9@acme.example"),
        ("zoe+a@acme.example", "zoe@acme.example"),
        ("z.oe@acme.example", "zoe@acme.example"),
    ],
)
def test_other_mailboxes_stay_apart(one: str, other: str) -> None:
    assert mailbox(one) != mailbox(other)


ATOMS = "abcxyzABCXYZ0189!#$%&'*+/=?^_`{|}~-"


@given(st.text(ATOMS, min_size=1, max_size=20), st.text("abcXYZ019-.", max_size=20))
def test_an_address_in_ascii_is_as_it_always_was(local: str, domain: str) -> None:
    assert mailbox(f" {local}@{domain}\t") == f"{local}@{domain}".strip().lower()


@given(st.text(max_size=30))
@example("\u0130@\u0130.example")
@example("\u03a3\u03a3@acme.example")
@example("zoe@\u2024\u200d")
@example("@" + "\u00fc" * 80)
def test_the_form_of_a_form_is_itself_whatever_is_given(text: str) -> None:
    assert mailbox(mailbox(text)) == mailbox(text)


@given(st.text(st.characters(categories=["Ll", "Lu", "Lo", "Mn"]), min_size=1, max_size=12))
def test_neither_case_nor_composition_makes_another_mailbox(local: str) -> None:
    address = f"{local}@acme.example"
    assert mailbox(unicodedata.normalize("NFD", address)) == mailbox(unicodedata.normalize("NFC", address))
    if len(local.upper()) == len(local) and local.upper().lower() == local:
        assert mailbox(address.upper()) == mailbox(address)


@given(st.text(st.characters(categories=["Ll", "Lo", "Nd"]), min_size=1, max_size=12))
def test_a_domain_that_is_accepted_has_an_ascii_form(label: str) -> None:
    address = f"zoe@{label}.example"
    if address_fault(Channel.EMAIL, address) is None:
        assert mailbox(address).isascii()


def test_ids_of_jobs_do_not_change_with_this_release() -> None:
    save = saved(None)
    assert job_id(save, Channel.EMAIL, "Zoe@acme.example") == job_id(save, Channel.EMAIL, "zoe@acme.example")
    assert job_id(save, Channel.EMAIL, "zoe@acme.example") == "d17830b76452b981ffdb4386d0b9e3bb"
    assert len({job_id(save, Channel.EMAIL, one) for one in SPELLINGS}) == 1


def desk_of(*addresses: str) -> Helpdesk:
    desk = Helpdesk()
    for number, address in enumerate(addresses, start=1):
        desk.contact(f"ct-{number}", "contract/C-7", modes=[email(address)])
    return desk


def test_two_spellings_get_one_message() -> None:
    assert alerted(desk_of(*ACCEPTED).decide(saved(None))) == {("contact/ct-1", COMPOSED, "opened")}


@pytest.mark.parametrize("held", SPELLINGS)
def test_a_suppression_of_one_spelling_holds_all(held: str) -> None:
    desk = desk_of(*ACCEPTED)
    desk.put({"kind": "suppression", "id": "s-1", "channel": "email", "address": held})
    decision = desk.decide(saved(None))
    assert decision.jobs == []
    assert {skip.reason for skip in decision.skipped if skip.person} == {Reason.SUPPRESSED}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_ones_own_save_is_known_by_any_spelling(spelling: str) -> None:
    decision = desk_of(COMPOSED).decide(saved({"status": "new"}, actor={"email": spelling}))
    assert [skip.reason for skip in decision.skipped if skip.person] == [Reason.OWN_SAVE]


@pytest.mark.parametrize("held", SPELLINGS)
def test_the_sender_knows_a_suppression_by_any_spelling(held: str) -> None:
    record = SuppressionRecord(id="s-1", channel=Channel.EMAIL, address=held, reason="hard_bounce")
    people = PeopleIndex()
    people.apply(ContactRecord(id="ct-1"))
    people.apply(record)
    for spelling in SPELLINGS:
        entry = LedgerEntry(a_job(address=spelling), False, begin(Transition.ACCEPTED, START))
        assert stands_for(record, entry, subjects_of(entry, NO_PSEUDONYMS), START)
        assert people.withdrawal(entry, START) == "suppressed: hard_bounce"


def test_a_lane_a_storm_and_a_relays_trouble_are_those_of_the_mailbox() -> None:
    jobs = [a_job(address=spelling) for spelling in SPELLINGS]
    assert len({(lane_of(job), recipient_of(job), domain_of(job)) for job in jobs}) == 1
    assert domain_of(jobs[0]) == "xn--bcher-kva.example"
