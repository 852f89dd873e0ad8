"""Finds contracts for the intake in the directory in memory that decisions read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from engine.directory.directory import Directory
from engine.directory.records import Contract
from schemas.vocabulary import ObjectKind

_ENOUGH: Final = 2
"""Whether one fits alone."""

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


def _keys(contract: Contract) -> Iterator[_Key]:
    """By what a contract is found."""
    yield from (("customer", one) for one in contract.attached_ids(ObjectKind.CUSTOMER))
    yield from (("product", one) for one in dict.fromkeys(contract.products))
    if contract.reference is not None:
        yield "reference", contract.reference
