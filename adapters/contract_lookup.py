"""Finds contracts for the intake in a directory in memory: that which decisions read, or the contracts of one alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from engine.directory.directory import Directory
from engine.directory.records import Contract
from intake.mappings.lookup import DirectoryLookup
from schemas.directory import ContractRecord, Record, SuppressionRecord
from schemas.refusal import Refusal
from schemas.vocabulary import ObjectKind

_ENOUGH: Final = 2
"""Whether one fits alone."""

_CONTRACT: Final = "contract"

_Key = tuple[str, str]


class DirectoryContracts:
    """See DirectoryLookup in `intake/mappings/lookup.py`. `directory` gives the one in force, which may be replaced.

    Contracts are found by an index, which is made anew with the first look after a contract has changed.
    """

    def __init__(self, directory: Callable[[], Directory]) -> None:
        self._directory = directory
        self._indexed: tuple[Directory, int] | None = None
        self._index: dict[_Key, list[Contract]] = {}

    def contracts(
        self, *, customer: str | None, product: str | None, reference: str | None, at: datetime
    ) -> Sequence[str]:
        """The ids of at most two contracts that fit."""
        asked = {"customer": customer, "reference": reference, "product": product}
        wanted = [(name, value) for name, value in asked.items() if value is not None]
        if not wanted:
            return ()
        found = (one for one in self._with(wanted[0]) if one.is_in_force(at) and set(wanted) <= set(_keys(one)))
        return tuple(contract.id for contract in islice(found, _ENOUGH))

    def _with(self, key: _Key) -> Iterable[Contract]:
        directory = self._directory()
        if self._indexed is None or self._indexed[0] is not directory or self._indexed[1] != directory.contract_changes:
            self._indexed, self._index = (directory, directory.contract_changes), {}
            for contract in directory.contracts():
                for one in _keys(contract):
                    self._index.setdefault(one, []).append(contract)
        return self._index.get(key, ())


class InTurn:
    """A DirectoryLookup for many threads, which take turns at one that belongs to a single thread."""

    def __init__(self, lookup: DirectoryLookup) -> None:
        self._lookup = lookup
        self._turn = threading.Lock()

    def contracts(
        self, *, customer: str | None, product: str | None, reference: str | None, at: datetime
    ) -> Sequence[str]:
        """See DirectoryLookup."""
        with self._turn:
            return self._lookup.contracts(customer=customer, product=product, reference=reference, at=at)


class ContractRecords:
    """A DirectoryLookup that takes in the contracts of a directory, and passes over all else. Threads may share it.

    A contract that can't be read is not found, in its older form neither.
    """

    def __init__(self) -> None:
        self._directory = Directory()
        self._lookup = DirectoryContracts(lambda: self._directory)
        self._turn = threading.Lock()

    def apply(self, record: Record) -> Sequence[Refusal]:
        """Take in a record; it replaces the one with its id. Returns what of it can't be used."""
        if not isinstance(record, ContractRecord):
            return ()
        with self._turn:
            return self._directory.apply(record)

    def remove(self, kind: str, record_id: str) -> None:
        """Forget a record."""
        if kind == _CONTRACT:
            with self._turn:
                self._directory.remove(kind, record_id)

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:  # noqa: ARG002 - of the records of directory_topic.py
        """Forget a record: its newest version can't be read."""
        self.remove(kind, record_id)

    def contracts(
        self, *, customer: str | None, product: str | None, reference: str | None, at: datetime
    ) -> Sequence[str]:
        """See DirectoryLookup."""
        with self._turn:
            return self._lookup.contracts(customer=customer, product=product, reference=reference, at=at)


def _keys(contract: Contract) -> Iterator[_Key]:
    """By what a contract is found."""
    yield from (("customer", one) for one in contract.attached_ids(ObjectKind.CUSTOMER))
    yield from (("product", one) for one in dict.fromkeys(contract.products))
    if contract.reference is not None:
        yield "reference", contract.reference
