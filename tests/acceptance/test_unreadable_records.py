"""Whom a record that can't be read keeps back: told once it is mended and the event is sent again, and nobody else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from engine.decide import Decision, decide
from engine.directory.directory import Directory
from schemas.directory import RECORD_KINDS, widest_suppression
from schemas.vocabulary import Category, Reason
from tests.support.helpdesk.events import Helpdesk, default_rules, email, fax, rules, saved
from tests.support.helpdesk.random_helpdesks import Desk, desk_of, directory_of, rulebook_of
from tests.support.oracle.chance import NOW
from tests.support.oracle.helpdesk import GARBLED
from tocsin.authoring.explain.changes import Fields


def garbled(record: Fields, chance: random.Random) -> Fields:
    """The record in a form that can't be read."""
    return {**record, **chance.choice(GARBLED[record["kind"]])}


ON_RECORDS = tuple(f'{record}.language {sign} "fr"' for record in ("person", "customer") for sign in ("==", "!="))


def with_conditions(desk: Desk, chance: random.Random) -> Desk:
    """The helpdesk with rules that ask about the records themselves, for every category."""
    own = [
        {"rule": f"own-{category}".replace(".", "-"), "for": category.value, "if": chance.choice(ON_RECORDS)}
        | ({"instead_of": category.replace(".", "-"), "send": {"channels": ["email"]}} if chance.random() < 0.5 else {})
        for category in Category
    ]
    return replace(desk, content={**desk.content, "rules": own})


def mailboxes(decision: Decision) -> set[str]:
    """Who is told: a job's id is a hash of source, event, channel and mailbox."""
    return {job.id for job in decision.jobs}


def desk_at(seed: int) -> Desk:
    """A random helpdesk: every second one has rules that ask about its records."""
    desk = desk_of(seed)
    return with_conditions(desk, random.Random(seed)) if seed % 2 else desk


def breaches(desk: Desk, chance: random.Random, met: Counter[str]) -> Iterator[str]:
    """Where a record that can't be read, and is mended, leads to others than if it had been good all the time."""
    rulebook, good = rulebook_of(desk.content), desk.directory
    events = [(wire, event) for wire, event in desk.readable()]
    for name, record in desk.records.items():
        if name in good.unreadable():
            continue
        broken = directory_of({**desk.records, name: garbled(record, chance)})
        for wire, event in events:
            wanted = mailboxes(decide(event, good, rulebook, NOW))
            meanwhile = decide(event, broken, rulebook, NOW)
            told = mailboxes(meanwhile)
            # A dead letter brings the event again: by then the record is mended.
            redriven = wanted if meanwhile.unreadable else set()
            if told - wanted:
                yield f"{wire['id']}, {name}: told without need"
            if told | redriven != wanted:
                yield f"{wire['id']}, {name}: not told, and no dead letter"
            if told != wanted:
                met[record["kind"]] += 1


@pytest.mark.parametrize("seed", [0, *(pytest.param(at, marks=pytest.mark.slow) for at in range(40, 400, 40))])
def test_a_redrive_after_mending_tells_exactly_whom_the_good_record_would_have(seed: int) -> None:
    met: Counter[str] = Counter()
    found = [line for at in range(seed, seed + 40) for line in breaches(desk_at(at), random.Random(at), met)]
    assert found == []
    assert {kind for kind, number in met.items() if number >= 3} == set(RECORD_KINDS)


def test_the_comparison_notices_a_record_that_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Directory, "is_unreadable", lambda *_: False)
    met: Counter[str] = Counter()
    found = [line for at in range(10) for line in breaches(desk_at(at), random.Random(at), met)]
    assert any(line.endswith("no dead letter") for line in found)


def test_the_comparison_notices_a_condition_on_a_record_that_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.stages.s5_person_gates._unreadable", lambda *_: {})
    found = [line for at in range(20) for line in breaches(desk_at(at), random.Random(at), Counter())]
    assert found


@pytest.mark.parametrize("condition", ['customer.language != "fr"', 'customer.language == "fr"'])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_nobody_is_told_by_what_a_condition_makes_of_a_record_that_cannot_be_read(
    condition: str, language: str
) -> None:
    own = {"rule": "narrowed", "for": "contract.collaborators", "instead_of": "contract-collaborators"}
    rulebook = rules(None, {**own, "if": condition, "send": {"channels": ["email"]}})
    desk = Helpdesk()
    desk.put({"kind": "customer", "id": "acme", "language": language})
    desk.collaborator("co-1", "contract/C-7", modes=[email("co-1@desk.example"), fax("+33140000001")])
    wanted = desk.decide(saved(None), rulebook)
    desk.unreadable = {"customer/acme"}
    meanwhile = desk.decide(saved(None), rulebook)
    assert mailboxes(meanwhile) <= mailboxes(wanted)
    assert "customer/acme" in meanwhile.unreadable


def test_a_suppression_that_cannot_be_read_holds_back_whom_it_names_and_nobody_else() -> None:
    desk = Helpdesk()
    for person in ("ct-1", "ct-2"):
        desk.contact(person, "contract/C-7")
    directory = desk.directory()
    raw = b'{"kind":"suppression","id":"s-1","address":"CT-1@acme.example","until":"soon"}'
    directory.mark_unreadable("suppression", "s-1", widest_suppression("s-1", raw))
    decision = decide(saved(None), directory, default_rules(), NOW)
    assert [job.person.id for job in decision.jobs] == ["ct-2"]
    assert decision.unreadable == ["suppression/s-1"]
    directory.remove("suppression", "s-1")
    assert len(decide(saved(None), directory, default_rules(), NOW).jobs) == 2


def test_of_two_addresses_the_one_that_may_be_suppressed_waits() -> None:
    desk = Helpdesk()
    desk.collaborator("co-1", "contract/C-7", modes=[email("a@desk.example"), email("b@desk.example")])
    directory = desk.directory()
    directory.mark_unreadable("suppression", "email/a@desk.example", widest_suppression("email/a@desk.example", b"?"))
    decision = decide(saved(None), directory, default_rules(), NOW)
    assert [job.address for job in decision.jobs] == ["b@desk.example"]
    assert [(str(one.person), one.reason) for one in decision.skipped if one.record is not UNSET] == [
        ("collaborator/co-1", Reason.UNREADABLE_RECORD)
    ]


@pytest.mark.parametrize(
    ("name", "raw", "address", "person"),
    [
        ("email/zoe@acme.example", b"{", "zoe@acme.example", None),
        ("email/zoe@acme.example/opened+closed", b"\xff", "zoe@acme.example", None),
        ("contact/ct-1/email/opened", b"[]", None, "contact/ct-1"),
        ("contact/ct-1/*/opened", None, None, "contact/ct-1"),
        ("contact/ct/1", b"{}", None, "contact/ct/1"),
        ("s-1", b'{"address":"zoe@acme.example","person":7}', "zoe@acme.example", None),
        ("email/a@acme.example", b'{"person":"contact/ct-1","until":7}', None, "contact/ct-1"),
    ],
)
def test_whom_a_suppression_may_be_for(name: str, raw: object, address: str | None, person: str | None) -> None:
    held = widest_suppression(name, raw)
    assert held is not None
    assert (held.id, held.address, held.person) == (name, address, person)
    assert (held.channel, held.triggers, held.until) == (None, None, None)


def test_a_suppression_that_names_nobody_holds_nobody_back() -> None:
    assert widest_suppression("s-1", b"{") is None
    assert widest_suppression("s-1", b'{"person":"contact/ct-1","channel":"pigeon"}') is None
