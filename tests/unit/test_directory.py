"""The directory in memory, held to a plain list of records, and to the weight of plain data."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.directory import measure
from bench.made_up import Size, collaborator, contacts, write_directory
from engine.directory import compact
from engine.directory.directory import Directory
from schemas.directory import RECORD_KINDS, SuppressionRecord, read_record, record_from_data, widest_suppression
from schemas.vocabulary import Channel, ObjectKind, PersonKind, Trigger

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
IDS = ("a", "b", "contact/a")
ADDRESSES = ("zoe@acme.example", " ZOE@acme.example", "li@desk.example")
PEOPLE = ("contact/a", "collaborator/a", "contact/contact/a")

Record = dict[str, Any]
Operation = tuple[str, str, Record | None]
"""The newest form of a record; None removes it. One with UNREADABLE can't be read."""

UNREADABLE = "unreadable"


def times() -> st.SearchStrategy[str | None]:
    near = [(NOW + timedelta(hours=hours)).isoformat() for hours in (-1, 0, 1)]
    return st.sampled_from([None, *near])


def suppressions() -> st.SearchStrategy[Record]:
    address = st.fixed_dictionaries({"address": st.sampled_from(ADDRESSES)})
    person = st.fixed_dictionaries({"person": st.sampled_from(PEOPLE)})
    both = st.fixed_dictionaries({"address": st.sampled_from(ADDRESSES), "person": st.sampled_from(PEOPLE)})
    terms = st.fixed_dictionaries(
        {
            "channel": st.sampled_from([None, *Channel]),
            "triggers": st.none() | st.lists(st.sampled_from([*Trigger]), max_size=3),
            "since": times(),
            "until": times(),
        }
    )
    return st.tuples(st.one_of(address, person, both), terms).map(lambda parts: parts[0] | parts[1])


def fields_of(kind: str) -> st.SearchStrategy[Record]:
    if kind == "suppression":
        return suppressions()
    names = st.fixed_dictionaries({"name": st.sampled_from(["One", "Two"])})
    if kind not in ("contact", "collaborator"):
        return st.just({"reference": "R"}) if kind == "contract" else names
    ticks = st.lists(st.sampled_from([*Trigger, "unheard_of"]), max_size=4)
    modes = st.lists(st.sampled_from([{"channel": "email", "address": "a@b.example", "active": True}, 7]), max_size=2)
    return st.fixed_dictionaries({"alerts": ticks, "modes": modes})


def operations() -> st.SearchStrategy[list[Operation]]:
    def one(key: tuple[str, str]) -> st.SearchStrategy[Operation]:
        kind, record_id = key
        record = fields_of(kind).map(lambda fields: {"kind": kind, "id": record_id, **fields})
        broken = record.map(lambda fields: {**fields, UNREADABLE: True})
        return st.tuples(st.just(kind), st.just(record_id), st.none() | record | broken)

    # Suppressions make up half: they alone have an index beside their table.
    kinds = st.sampled_from(RECORD_KINDS) | st.just("suppression")
    return st.lists(st.tuples(kinds, st.sampled_from(IDS)).flatmap(one), max_size=25)


def after(given_operations: list[Operation]) -> tuple[Directory, dict[tuple[str, str], Record]]:
    """The directory, and beside it the plain model: the last record of each key."""
    directory, model = Directory(), dict[tuple[str, str], Record]()
    for kind, record_id, record in given_operations:
        if record is None:
            directory.remove(kind, record_id)
            model.pop((kind, record_id), None)
        elif UNREADABLE in record:
            directory.mark_unreadable(kind, record_id, held_by(record))
            model[kind, record_id] = record
        else:
            refusals = directory.apply(record_from_data(record))
            assert len(refusals) == record.get("modes", []).count(7)
            model[kind, record_id] = record
    return directory, model


def held_by(record: Record) -> SuppressionRecord | None:
    """What a suppression that can't be read holds back: whom it names."""
    return widest_suppression(record["id"], record) if record["kind"] == "suppression" else None


@settings(max_examples=150, deadline=None)
@given(operations())
def test_the_last_record_of_each_kind_and_id_counts(given_operations: list[Operation]) -> None:
    directory, whole = after(given_operations)
    unreadable = {f"{kind}/{record_id}" for (kind, record_id), record in whole.items() if UNREADABLE in record}
    assert set(directory.unreadable()) == unreadable
    assert sum(directory.unreadable_counts().values()) == len(unreadable)
    assert {f"{kind}/{one}" for kind in RECORD_KINDS for one in IDS if directory.is_unreadable(kind, one)} == unreadable
    model = {key: record for key, record in whole.items() if UNREADABLE not in record}
    assert len(directory) == len(model)
    assert directory.counts() == {kind: sum(key[0] == kind for key in model) for kind in RECORD_KINDS}
    look_up: dict[str, Callable[[str], Any]] = {
        "contract": directory.contract,
        "customer": directory.customer,
        "contact": lambda one: directory.person(PersonKind.CONTACT, one),
        "collaborator": lambda one: directory.person(PersonKind.COLLABORATOR, one),
    }
    for kind in ("product", "site", "service"):
        look_up[kind] = partial(directory.attached, ObjectKind(kind))
    for kind in RECORD_KINDS:
        for record_id in IDS:
            record = model.get((kind, record_id))
            assert directory.knows(kind, record_id) == (record is not None)
            if kind != "suppression":
                assert look_up[kind](record_id) == (None if record is None else small(record))


def small(record: Record) -> object:
    """The record as it is kept."""
    make: dict[str, Callable[[Any], object]] = {"customer": lambda read: compact.customer(read)[0]}
    make["contract"] = lambda read: compact.contract(read)[0]
    for kind in ("contact", "collaborator"):
        make[kind] = lambda read: compact.person(read)[0]
    return make.get(record["kind"], compact.attached)(record_from_data(record))


@settings(max_examples=150, deadline=None)
@given(operations())
def test_what_is_suppressed_is_found_as_by_asking_every_record(given_operations: list[Operation]) -> None:
    directory, model = after(given_operations)
    suppressions = [record for (kind, _), record in model.items() if kind == "suppression"]
    standing = [held_by(record) if UNREADABLE in record else record_from_data(record) for record in suppressions]
    for kind, person_id in (
        (PersonKind.CONTACT, "a"),
        (PersonKind.COLLABORATOR, "a"),
        (PersonKind.CONTACT, "contact/a"),
    ):
        read = record_from_data({"kind": kind.value, "id": person_id})
        person, _ = compact.person(read)  # type: ignore[arg-type]
        for channel in Channel:
            for address in ADDRESSES:
                for trigger in Trigger:
                    expected = any(
                        stands(one, f"{kind.value}/{person_id}", channel, address, trigger)
                        for one in standing
                        if isinstance(one, SuppressionRecord)
                    )
                    assert directory.is_suppressed(person, channel, address, trigger, NOW) == expected


def stands(one: SuppressionRecord, person: str, channel: Channel, address: str, trigger: Trigger) -> bool:
    same_mailbox = one.address is not None and one.address.strip().lower() == address.strip().lower()
    return (
        (same_mailbox or one.person == person)
        and (one.channel is None or one.channel == channel)
        and (one.triggers is None or trigger in one.triggers)
        and (one.until is None or one.until > NOW)
    )


def test_removing_what_is_not_there_changes_nothing() -> None:
    directory = Directory()
    for kind in (*RECORD_KINDS, "printer", ""):
        directory.remove(kind, "a")
        assert not directory.knows(kind, "a")
    assert len(directory) == 0
    directory.mark_unreadable("printer", "a")
    assert not directory.unreadable()


def test_values_that_many_records_share_are_kept_once() -> None:
    directory = Directory()
    for one in contacts(Size(contracts=1, people=10), 7):
        directory.apply(read_record(msgspec.json.encode(one)))
    people = [directory.person(PersonKind.CONTACT, f"ct-{63 + place:07d}") for place in range(9)]
    assert len({id(person.sites) for person in people if person}) == 1
    assert len({id(person.customer) for person in people if person}) == 1


def test_what_is_remembered_to_be_shared_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "SHARED_VALUES", 100)
    for number in range(250):
        compact._text(f"value {number}")
    assert len(compact._TEXTS) <= 100


def test_a_person_takes_a_fraction_of_the_memory_of_plain_data() -> None:
    size = Size(contracts=2_000, people=20_000)
    made = [one for number in range(size.contracts) for one in contacts(size, number)]
    lines = [msgspec.json.encode(one) for one in [*made, *map(collaborator, range(size.collaborators))]]

    def in_directory() -> object:
        directory = Directory()
        for line in lines:
            directory.apply(read_record(line))
        return directory

    ours = weight(in_directory)
    yardstick = weight(lambda: {index: msgspec.json.decode(line) for index, line in enumerate(lines)})
    assert len(lines) == size.people
    assert ours / yardstick < 0.38, (ours / size.people, yardstick / size.people)


def weight(make: Callable[[], object]) -> int:
    """The bytes that what is made keeps."""
    gc.collect()
    tracemalloc.start()
    try:
        kept = make()
        size, _ = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return size


def test_the_benchmark_measures_the_same_decisions_in_both_directories(tmp_path: Path) -> None:
    large, yardstick = tmp_path / "large", tmp_path / "yardstick"
    write_directory(large, Size(contracts=300, people=3_000))
    write_directory(yardstick, Size(contracts=100, people=1_000))
    result = measure(large, yardstick, rounds=1)
    assert result["messages_per_decision"] > 1
    assert result["ratio"] > 0
    assert result["records"] > 4_000
