"""A check of changed files that may take long: what waits for it goes on with what it has."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Final, Generic, TypeVar

from adapters.files.signature import Signature

PATIENCE: Final = 5.0
"""Seconds for which a check is waited for: hardly any takes longer, but for one of files that hang."""

T = TypeVar("T")


class Checking(Generic[T]):
    """One check of the files with this signature, in a thread that ends with the process."""

    def __init__(self, signature: Signature, check: Callable[[], T]) -> None:
        self.signature: Final = signature
        self._check = check
        self._checked: Future[T] = Future()
        self._patience = PATIENCE
        try:
            Thread(target=self._run, name="check", daemon=True).start()
        except RuntimeError:  # where the process may have no more threads
            self._run()

    def has_ended(self) -> bool:
        """Whether it is over. The first time that is waited for, for a short time."""
        patience, self._patience = self._patience, 0.0
        try:
            self._checked.exception(patience)
        except TimeoutError:
            return False
        return True

    def result(self) -> T:
        """What it found, once it has ended. Raises what the check raised."""
        return self._checked.result()

    def _run(self) -> None:
        try:
            self._checked.set_result(self._check())
        except BaseException as error:  # noqa: BLE001 - told to whoever asks for the result
            self._checked.set_exception(error)
