"""What tells that files changed, without reading them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

Signature = tuple[tuple[str, int, int], ...]
"""Path, time of change in nanoseconds, and size in bytes of each file."""


def signature_of(files: Iterable[Path]) -> Signature:
    """The signature of these files; one that is not there has one too."""
    return tuple(sorted(map(_mark, files)))


def _mark(file: Path) -> tuple[str, int, int]:
    try:
        status = file.stat()
    except OSError:
        # Gone between the listing and the look: a change like any other.
        return (str(file), 0, -1)
    return (str(file), status.st_mtime_ns, status.st_size)
