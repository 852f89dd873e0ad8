"""Where a value comes from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct


class Source(StrEnum):
    """The kinds of origins, the strongest first."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


class Origin(Struct, frozen=True):
    """The option, variable, or file and line (`tocsin.toml:12`) that gave a value, and the file of a secret."""

    source: Source
    name: str = ""
    secret_file: Path | None = None

    def __str__(self) -> str:
        """As it is shown."""
        given = f"{self.source} {self.name}".rstrip()
        return given if self.secret_file is None else f"secret file {self.secret_file} ({given})"


BY_DEFAULT: Final = Origin(Source.DEFAULT)
