"""The port by which mappings look up contracts in the directory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class DirectoryLookup(Protocol):
    """Finds contracts for tickets whose helpdesk names none."""

    def contracts(
        self, *, customer: str | None, product: str | None, reference: str | None, at: datetime
    ) -> Sequence[str]:
        """The ids of the contracts that were in force `at` this moment (UTC) and have all that is given.

        `customer`: its client, invoiced client or a beneficiary; `product`: one that is attached to it; `reference`:
        what people call it. None: whatever it is. With nothing given there are none. Two ids are enough of an answer
        where there are more. Raises nothing: a record that can't be read is not found.
        """
        ...
