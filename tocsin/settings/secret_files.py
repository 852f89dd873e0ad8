"""Secrets in files of their own, as orchestrators mount them: one secret a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tocsin.settings.bounded_file import read_bounded

MOST_BYTES: Final = 65_536


def read_secret(file: Path) -> str:
    """What the file holds, without the line end behind it. Raises ValueError, which never shows any of it."""
    try:
        content = read_bounded(file, MOST_BYTES)
    except OSError as error:
        raise ValueError(f"{file} can't be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{file} can't be read: it is no text in UTF-8") from None
    if not text.strip():
        raise ValueError(f"{file} is empty: it should hold one secret")
    return text
