"""Finds contracts for the intake in the directory in memory that decisions read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from engine.directory.directory import Directory
from schemas.vocabulary import ObjectKind

_ENOUGH: Final = 2
"""Whether one fits alone."""


class DirectoryContracts:
    """See DirectoryLookup in `intake/mappings/lookup.py`. `directory` gives the one in force, which may be replaced."""

    def __init__(self, directory: Callable[[], Directory]) -> None:
        self._directory = directory

    def contracts(
        self, *, customer: str | None, product: str | None, reference: str | None, at: datetime
    ) -> Sequence[str]:
        """The ids of at most two contracts that fit."""
        if customer is None and product is None and reference is None:
            return ()
        fitting = (
            contract.id
            for contract in self._directory().contracts()
            if contract.is_in_force(at)
            and (customer is None or customer in contract.attached_ids(ObjectKind.CUSTOMER))
            and (product is None or product in contract.products)
            and (reference is None or reference == contract.reference)
        )
        return tuple(islice(fitting, _ENOUGH))
