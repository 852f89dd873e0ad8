"""Contracts that the intake looks up: in force at the time, by all that is given, also after the directory changed."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.contract_lookup import DirectoryContracts
from engine.directory.directory import Directory
from tests.support.intake.mappings import contracts

AT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


def found(
    directory: Directory,
    customer: str | None = None,
    product: str | None = None,
    reference: str | None = None,
    at: datetime = AT,
) -> list[str]:
    lookup = DirectoryContracts(lambda: directory)
    return [*lookup.contracts(customer=customer, product=product, reference=reference, at=at)]


def test_client_invoiced_client_and_beneficiaries_are_customers() -> None:
    directory = contracts(one={"client": "a", "invoiced_client": "b", "beneficiaries": ["c", "a"]})
    assert [found(directory, customer) for customer in "abcd"] == [["one"], ["one"], ["one"], []]


def test_all_that_is_given_must_fit() -> None:
    directory = contracts(
        one={"client": "a", "products": ["p"], "reference": "r"}, two={"client": "a", "products": ["q"]}
    )
    assert found(directory, "a") == ["one", "two"]
    assert found(directory, "a", "q") == ["two"]
    assert found(directory, "a", "p", "r") == ["one"]
    assert found(directory, "a", "q", "r") == []
    assert found(directory, None, "p") == ["one"]
    assert found(directory) == []


def test_it_must_be_in_force_at_that_time() -> None:
    directory = contracts(
        ended={"client": "a", "valid_to": "2026-03-01"},
        today={"client": "a", "valid_from": "2026-03-02", "valid_to": "2026-03-02"},
        later={"client": "a", "valid_from": "2026-03-03"},
        suspended={"client": "a", "status": "suspended"},
    )
    assert found(directory, "a") == ["today"]
    assert found(directory, "a", at=datetime(2026, 3, 1, 12, tzinfo=UTC)) == ["ended"]


def test_more_than_two_are_not_listed() -> None:
    assert len(found(contracts(**{f"c{n}": {"client": "a"} for n in range(5)}), "a")) == 2


def test_what_changes_in_the_directory_is_seen() -> None:
    directory = contracts(one={"client": "a"})
    others = contracts(one={"client": "b"})
    current = [directory]
    lookup = DirectoryContracts(lambda: current[0])

    def ids() -> list[str]:
        return [*lookup.contracts(customer="a", product=None, reference=None, at=AT)]

    assert ids() == ["one"]
    two = contracts(two={"client": "a"}).contract("two")
    assert two is not None
    directory.remove("contract", "one")
    assert ids() == []
    current[0] = others
    assert ids() == []
    current[0] = contracts(two={"client": "a"})
    assert ids() == ["two"]
    current[0].mark_unreadable("contract", "two")
    assert ids() == []
