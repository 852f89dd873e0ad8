"""What can be wrong with what people write about accounts."""

from __future__ import annotations

from schemas.errors import InputError


class WrongNameError(InputError, ValueError):
    """It can't be the name of an account."""

    def __init__(self) -> None:
        super().__init__("a name has letters, digits, blanks and . @ + - _ ', begins with a letter or digit, up to 100")


class WrongPasswordError(InputError, ValueError):
    """It can't be a password: too short, too long, or the name itself. `why` is its word in the console."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class AccountError(InputError, ValueError):
    """An account can't be added, found or changed in this way."""
