"""What a load would do, against what is held."""

from __future__ import annotations

import msgspec
import pytest

from adapters.kafka.held_records import Held, HeldRecord
from adapters.kafka.record_names import key_of
from schemas.directory import ContactRecord, ContractRecord, CustomerRecord, Record, SiteRecord
from schemas.ownership import MAX_OWNER, owner_in, owner_named
from schemas.refusal import RefusedError
from tocsin.operations.directory_load.plan import NO_KIND, plan
from tocsin.operations.directory_load.report import as_json, report

ACME = CustomerRecord(id="acme", name="ACME")


def held(*records: Record, owner: str | None = None) -> Held:
    return {key_of(one): there(key_of(one), msgspec.json.encode(one), owner) for one in records}


def there(key: bytes, value: bytes | None, owner: str | None = None) -> HeldRecord:
    return HeldRecord(key=key, value=value, owner=owner, partition=0, offset=0, timestamp=0)


def sites(*numbers: int) -> list[Record]:
    return [SiteRecord(id=f"S-{number}") for number in numbers]


def test_what_is_held_already_is_not_written() -> None:
    assert plan([ACME], held(ACME), None, remove_others=False).size == 0


def test_the_same_in_other_words_is_the_same() -> None:
    others: Held = {
        b"customer/acme": there(b"customer/acme", b'{"name": "ACME", "id":"acme","kind":"customer","more":1}')
    }
    assert plan([ACME], others, None, remove_others=False).unchanged == 1


@pytest.mark.parametrize("value", [b"\xff", b"{}", b'{"kind":"customer","id":"acme","alerts":7}'])
def test_what_cannot_be_read_is_written_anew(value: bytes) -> None:
    planned = plan([ACME], {b"customer/acme": there(b"customer/acme", value)}, None, remove_others=False)
    assert [change.before for change in planned.changed] == [None]


def test_a_tombstone_holds_nothing() -> None:
    planned = plan([ACME], {b"customer/acme": there(b"customer/acme", None, "crm")}, None, remove_others=True)
    assert (len(planned.added), planned.foreign, planned.removed) == (1, [], [])


def test_only_what_is_the_owners_own_is_removed() -> None:
    there_are = held(*sites(1, 2), owner="crm") | held(*sites(3)) | held(*sites(4), owner="hr")
    for owner, gone in (("crm", ["S-2"]), (None, ["S-3"]), ("hr", ["S-4"]), ("new", [])):
        planned = plan(sites(1), there_are, owner, remove_others=True)
        assert [one.key for one in planned.removed] == [f"site/{one}".encode() for one in gone]


@pytest.mark.parametrize(("owner", "other"), [(None, "crm"), ("crm", None), ("crm", "hr")])
def test_a_record_of_another_is_foreign_even_where_it_says_the_same(owner: str | None, other: str | None) -> None:
    planned = plan([ACME], held(ACME, owner=other), owner, remove_others=False)
    assert [one.key for one in planned.foreign] == [b"customer/acme"]
    assert planned.size == 1, "taken over, it changes hands"


@pytest.mark.parametrize(("kept", "refused"), [(8, False), (7, True)])
def test_more_than_a_fifth_of_a_kind_is_too_many(kept: int, refused: bool) -> None:
    planned = plan(sites(*range(kept)), held(*sites(*range(10))), None, remove_others=True)
    assert planned.too_many() == ({"site": (3, 10)} if refused else {})


def test_a_kind_is_counted_by_itself_and_what_has_none_too() -> None:
    there_are = held(*sites(*range(100)), ACME) | {b"nonsense": there(b"nonsense", b"{}")}
    planned = plan(sites(*range(100)), there_are, None, remove_others=True)
    assert planned.too_many() == {"customer": (1, 1), NO_KIND: (1, 1)}


def test_nothing_is_named_before_it_is_there_nor_gone_before_it_is_named_no_more() -> None:
    new: list[Record] = [ContractRecord(id="C-2", client="b"), CustomerRecord(id="b"), ContactRecord(id="ct-2")]
    old = held(ContractRecord(id="C-1", client="a"), CustomerRecord(id="a"), ContactRecord(id="ct-1"))
    keys = [one.key for one in plan(new, old, None, remove_others=True).outputs()]
    assert keys == [b"contact/ct-2", b"customer/b", b"contract/C-2", b"contract/C-1", b"customer/a", b"contact/ct-1"]


def test_what_is_written_carries_its_owner() -> None:
    (output,) = plan([ACME], {}, "crm", remove_others=False).outputs()
    assert owner_in(output.headers) == "crm"
    (output,) = plan([ACME], {}, None, remove_others=False).outputs()
    assert output.headers == ()


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "é", "a\n", "x" * (MAX_OWNER + 1)])
def test_an_owner_is_a_short_plain_name(name: str) -> None:
    with pytest.raises(RefusedError, match="owner"):
        owner_named(name)


def test_a_report_names_fields_as_they_were_and_would_be() -> None:
    planned = plan([CustomerRecord(id="acme", name="New\x1b"), *sites(1)], held(ACME, *sites(2)), None, True)
    said = "\n".join(report(planned, examples=20))
    assert "1 added, 1 changed, 1 removed, 0 as they are" in said
    assert 'customer/acme: name: "ACME" → "New\\u001b"' in said
    assert "1 of 1 would be removed (site)" in said
    assert as_json(planned, 20)["changed"] == [
        {"record": "customer/acme", "fields": {"name": {"old": "ACME", "new": "New\x1b"}}}
    ]


def test_a_report_counts_what_it_does_not_show() -> None:
    said = "\n".join(report(plan(sites(*range(30)), {}, None, remove_others=False), examples=3))
    assert "  and 27 more" in said


def test_what_there_is_none_of_is_not_headed() -> None:
    assert [*report(plan([ACME], held(ACME), None, remove_others=False), examples=20)] == [
        "0 added, 0 changed, 0 removed, 1 as they are"
    ]
