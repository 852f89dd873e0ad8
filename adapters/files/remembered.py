"""What was made of files that seldom change, kept until one of them does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from adapters.files.signature import Signature, signature_of

T = TypeVar("T")


class Remembered(Generic[T]):
    """What `make` returns: made when it is first asked for, and again after a change of one of the files.

    What `make` raises is not remembered. Two threads may make it at once; each gets what is right.
    """

    def __init__(self, files: Callable[[], Iterable[Path]], make: Callable[[], T]) -> None:
        self._files = files
        self._make = make
        self._made: tuple[Signature, T] | None = None

    def __call__(self) -> T:
        """What was made of the files as they are now."""
        # Before the files are read: a change meanwhile then has another signature the next time.
        signature = signature_of(self._files())
        made = self._made
        if made is None or made[0] != signature:
            made = self._made = (signature, self._make())
        return made[1]
