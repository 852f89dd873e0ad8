"""Secrets in files of their own, as orchestrators mount them: one secret a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from adapters.files.opening import read_bounded

MOST_BYTES: Final = 65_536

# Whoever mistakes the setting writes the secret itself where its file should be named: a password, or a URL.
_LIKE_A_PATH: Final = re.compile(r"(?=.*[./\\])[\w ./\\~-]+", re.ASCII)


def read_secret(name: str, folder: Path | None = None) -> str:
    """What the file of that name holds, without the line end behind it. Without a `folder`: where the command runs.

    Raises ValueError, which never shows any of it, nor a name that may well be a secret.
    """
    file = (folder or Path()) / name
    try:
        content = read_bounded(file, MOST_BYTES)
    except OSError as error:
        if not _LIKE_A_PATH.fullmatch(name):
            raise ValueError(
                f"it names no file that can be read ({error.strerror}); a secret itself belongs into a file"
            ) from None
        raise ValueError(f"{file} can't be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{file} can't be read: it is no text in UTF-8") from None
    if not text.strip():
        raise ValueError(f"{file} is empty: it should hold one secret")
    return text
