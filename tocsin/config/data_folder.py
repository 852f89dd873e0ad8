"""What stands in a data folder, and under which name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DATABASE: Final = "tocsin.db"


def database_in(data: Path) -> Path:
    """The file that holds the ledger, and in embedded mode the event log as well."""
    return data / DATABASE
