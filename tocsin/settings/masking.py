"""How values are shown: secrets never, not even their length."""

from __future__ import annotations

import re
from typing import Any, Final

from tocsin.settings.setting import Secrecy, Setting

MASK: Final = "***"

# Up to the last @, since somebody may have left one in a password as it is.
_IN_AUTHORITY: Final = re.compile(r"(://[^:@/?#]*):.*@", re.DOTALL)
_PARAMETER: Final = re.compile(r"(password\s*=\s*)('(?:\\.|[^'\\])*'?|(?:\\.|[^&\s\\])+)", re.IGNORECASE)


def without_password(url: str) -> str:
    """A database's URL, or its `name=value` pairs, with every password masked."""
    return _PARAMETER.sub(rf"\g<1>{MASK}", _IN_AUTHORITY.sub(rf"\g<1>:{MASK}@", url))


def holds_password(url: str) -> bool:
    """Whether there is one in it."""
    return without_password(url) != url


def shown(setting: Setting[Any], value: Any) -> Any:
    """The value as it may be shown: text, number, flag, list, or None where there is none."""
    if value is None or setting.secrecy is Secrecy.WHOLE:
        return None if value is None else MASK
    if setting.secrecy is Secrecy.WITHIN:
        return without_password(value)
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int | float) else str(value)
