"""What is taken out of what is kept when a person is forgotten, and what still recognises them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.directory.directory import Directory
from engine.directory.records import Person
from schemas.directory import ContactRecord, SuppressionRecord, read_record
from schemas.job import JOB_DECODER, PersonRef
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from schemas.refusal import RefusedError
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.ledger.operator_actions import Act, objection
from sender.privacy.forgetting import Address, Forgetting, hashed, mark
from sender.privacy.naming import FORGOTTEN
from sender.privacy.people_index import PeopleIndex
from sender.records import LedgerEntry
from sender.states import State, Transition, begin
from tests.support.sender.fakes import START, a_job

ZOE = PersonRef(PersonKind.CONTACT, "ct-1")
ADDRESS, NAME = "zoe@acme.example", "Zoé Martin"
FORGETTING = Forgetting(ZOE, [ADDRESS, "+33 6 12 34 56 78"], [NAME, "Zoé"])
SECRETS = Pseudonyms(["the-secret-of-today", "the-secret-before"])
OLD = Pseudonyms(["the-secret-before"])
MAILBOX = Address(Channel.EMAIL, ADDRESS)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=9)
    | st.sampled_from([ADDRESS, ADDRESS.upper(), f"<{ADDRESS}>", NAME, str(ZOE), {"kind": "contact", "id": "ct-1"}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


def named_in(data: Any) -> bool:
    """Whether anything in it names her, told in another way than the code under test does it."""
    if isinstance(data, dict):
        return (data.get("kind"), data.get("id")) == ("contact", "ct-1") or any(map(named_in, data.values()))
    if isinstance(data, list):
        return any(map(named_in, data))
    return isinstance(data, str) and (data == str(ZOE) or data.lower() in {ADDRESS, f"<{ADDRESS}>", NAME.lower()})


@given(json_values)
def test_a_record_stays_json_and_names_her_no_more(data: Any) -> None:
    raw = msgspec.json.encode(data) if _fits(data) else json.dumps(data).encode()
    after = FORGETTING.value(raw)
    assert not named_in(json.loads(after))
    assert FORGETTING.value(after) == after
    if not named_in(data):
        assert json.loads(after) == json.loads(raw)


def _fits(data: Any) -> bool:
    try:
        msgspec.json.encode(data)
    except OverflowError:
        return False
    return True


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"mail": "zoe@ACME.example"', b'{"mail": "(forgotten)"'),
        (b"call Zo\\u00e9 Martin", b"call (forgotten)"),
        (b"\xff zoe@acme.example.", b"\xff (forgotten)."),
        (b"azoe@acme.example.org", b"azoe@acme.example.org"),
        (b'{"a": "zoe@acme.example.org"}', b'{"a": "zoe@acme.example.org"}'),
        (b'{"a": "Zo\xc3\xa9 Martinez"}', b'{"a": "Zo\xc3\xa9 Martinez"}'),
        (b'{"a": "+33 6 12 34 56 78, or +33612345678"}', b'{"a":"(forgotten), or (forgotten)"}'),
    ],
)
def test_words_are_found_and_longer_ones_left(before: bytes, after: bytes) -> None:
    assert FORGETTING.value(before) == after


def test_what_the_mail_server_said_of_her_goes_whole() -> None:
    outcome = {"person": {"kind": "contact", "id": "ct-1"}, "reply": "250 kept for z.martin", "state": "delivered"}
    after = json.loads(FORGETTING.value(json.dumps(outcome).encode()))
    assert after == {"person": {"kind": "contact", "id": FORGOTTEN}, "reply": None, "state": "delivered"}
    other = outcome | {"person": {"kind": "contact", "id": "ct-2"}}
    assert json.loads(FORGETTING.value(json.dumps(other).encode())) == other


def test_a_blanked_job_can_be_read_and_not_sent_again() -> None:
    job = FORGETTING.job(a_job(address=ADDRESS))
    assert JOB_DECODER.decode(msgspec.json.encode(job)) == job
    entry = LedgerEntry(job, False, replace(begin(Transition.ACCEPTED, START), state=State.FAILED))
    assert "forgotten" in str(objection(entry, Act.RESEND, START))
    assert objection(LedgerEntry(a_job(), False, entry.standing), Act.RESEND, START) is None, "the control"


def test_what_was_asked_for_stays_as_hashes_alone() -> None:
    by_person = SuppressionRecord("a", Channel.EMAIL, person=str(ZOE), triggers=["closed"], reason=f"by {ADDRESS}")
    by_fax = SuppressionRecord("b", Channel.FAX, person=str(ZOE))
    ended = SuppressionRecord("c", person=str(ZOE), until=START)
    kept = [hashed(one, [MAILBOX], FORGETTING, SECRETS, START) for one in (by_person, by_fax, ended)]
    assert [len(records) for records in kept] == [2, 1, 0]
    for record in (*kept[0], *kept[1], mark(ZOE, SECRETS, START, timedelta(days=7))):
        raw = msgspec.json.encode(record)
        assert read_record(raw) == record
        assert (record.address, record.person) == (None, None)
        assert not any(word in raw for word in (b"zoe", b"ct-1"))
    assert len({record.id for records in kept for record in records}) == 3
    assert {record.channel for record in kept[0]} == {Channel.EMAIL}
    assert [record.triggers for record in kept[0]] == [["closed"], ["closed"]]


def test_none_ends_before_its_time() -> None:
    for_ever = SuppressionRecord("a", Channel.EMAIL, ADDRESS)
    for_a_day = SuppressionRecord("b", Channel.EMAIL, person=str(ZOE), until=START + timedelta(days=1))
    for first, second in ((for_ever, for_a_day), (for_a_day, for_ever)):
        kept = {made.id: made for one in (first, second) for made in hashed(one, [MAILBOX], FORGETTING, SECRETS, START)}
        of_mailbox = [one.until for one in kept.values() if one.address_hash]
        assert sorted(of_mailbox, key=str) == [for_a_day.until, None]


def test_an_address_that_is_named_later_is_held_too() -> None:
    by_person = SuppressionRecord("a", Channel.EMAIL, person=str(ZOE))
    [of_person] = hashed(by_person, [], FORGETTING, SECRETS, START)
    [of_mailbox] = hashed(of_person, [MAILBOX], FORGETTING, SECRETS, START)
    assert (of_person.address_hash, of_mailbox.address_hash) == (None, SECRETS.of_mailbox(ADDRESS)[0])


def test_a_customer_who_is_a_person_is_not_in_a_blanked_job() -> None:
    job = a_job(address=ADDRESS)
    job = replace(job, context=replace(job.context, customer_name=NAME))
    assert FORGETTING.job(job).context.customer_name is None


def test_a_suppression_of_nobody_is_refused_still() -> None:
    with pytest.raises(RefusedError):
        read_record(b'{"kind":"suppression","id":"a","address_hash":null}')


Holds = Callable[[list[SuppressionRecord], Pseudonyms, str, str], bool]


def by_the_engine(records: list[SuppressionRecord], pseudonyms: Pseudonyms, person: str, address: str) -> bool:
    directory = Directory(pseudonyms)
    for one in records:
        directory.apply(one)
    who = Person(PersonKind.CONTACT, person, None, None, None, (), 0)
    return directory.is_suppressed(who, Channel.EMAIL, address, Trigger.CLOSED, START)


def by_the_sender(records: list[SuppressionRecord], pseudonyms: Pseudonyms, person: str, address: str) -> bool:
    index = PeopleIndex(pseudonyms)
    index.apply(ContactRecord(person))
    for one in records:
        index.apply(one)
    job = a_job(address=address, trigger=Trigger.CLOSED, person=PersonRef(PersonKind.CONTACT, person))
    return index.withdrawal(LedgerEntry(job, False, begin(Transition.ACCEPTED, START)), START) is not None


@pytest.mark.parametrize("holds", [by_the_engine, by_the_sender])
@pytest.mark.parametrize("writer", [SECRETS, OLD], ids=["first", "second"])
def test_engine_and_sender_recognise_who_was_forgotten(holds: Holds, writer: Pseudonyms) -> None:
    opted_out = SuppressionRecord("a", Channel.EMAIL, person=str(ZOE), triggers=["closed"])
    records = hashed(opted_out, [MAILBOX], FORGETTING, writer, START)
    assert holds(records, SECRETS, "ct-9", "Zoe@ACME.example"), "the mailbox under another id"
    assert holds(records, SECRETS, "ct-1", "other@acme.example"), "the id with another mailbox"
    assert not holds(records, SECRETS, "ct-9", "other@acme.example")
    assert not holds(records, NO_PSEUDONYMS, "ct-1", ADDRESS), "the control: without the secret nobody is recognised"


def test_who_does_not_have_the_secret_says_so() -> None:
    [record, _] = hashed(SuppressionRecord("a", person=str(ZOE)), [MAILBOX], FORGETTING, OLD, START)
    assert Directory().apply(record) == [], "nobody looks at a folder's"
    for taken in (Directory(NO_PSEUDONYMS), PeopleIndex()):
        assert "TOCSIN_MAIL_SECRETS" in taken.apply(record)[0].reason
    assert Directory(SECRETS).apply(record) == []
    directory = Directory(SECRETS)
    directory.apply(record)
    directory.remove("suppression", record.id)
    assert not directory.is_suppressed(
        Person(PersonKind.CONTACT, "ct-1", None, None, None, (), 0), Channel.EMAIL, ADDRESS, Trigger.CLOSED, START
    )


def test_a_hash_is_of_one_kind_and_one_secret() -> None:
    assert len({*SECRETS.of_mailbox("contact/ct-1"), *SECRETS.of_person("contact/ct-1")}) == 4
    assert SECRETS.of_mailbox(ADDRESS)[1:] == OLD.of_mailbox(ADDRESS)
    assert (SECRETS.knows(OLD.of_mailbox(ADDRESS)[0]), OLD.knows(SECRETS.of_mailbox(ADDRESS)[0])) == (True, False)
    assert FORGOTTEN not in OLD.of_person(FORGOTTEN)[0]
