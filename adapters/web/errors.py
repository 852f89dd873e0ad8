"""What can go wrong where something is offered by HTTP. It knows no server, so that any command may import it."""

from __future__ import annotations

from schemas.errors import UnusableError


class AddressError(UnusableError, RuntimeError):
    """The address can't be listened on: which, and why."""

    def __init__(self, message: str, address: tuple[str, int]) -> None:
        super().__init__(message)
        self.address = address
