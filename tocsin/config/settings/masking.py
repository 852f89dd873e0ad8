"""How values are shown: secrets never, not even their length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from tocsin.config.settings.kinds import MASK
from tocsin.config.settings.setting import Secrecy, Setting

# Up to the last @, since somebody may have left one in a password as it is; a user may hold / and @ likewise, but what
# stands behind an @ and looks like a port is one.
_IN_AUTHORITY: Final = re.compile(r"(://(?:[^:@]*(?=:)|[^:/?#]*(?=:(?!\d{1,5}[/,?#])))):.*", re.DOTALL)
_NAME: Final = re.compile(r"(?<![^\s=&?])([^\s=&?]++)\s*=\s*")
_IS_URL: Final = re.compile(r"\s*\w+://")
_VALUE_IN_URL: Final = re.compile(r"[^&]+")
_VALUE_OF_PAIR: Final = re.compile(r"'(?:\\.|[^'\\])*'?|(?:\\.|[^&\s\\])+", re.DOTALL)


def without_password(url: str) -> str:
    """A database's URL, or its `name=value` pairs, with every password and secret masked."""
    authority, at, rest = url.rpartition("@")
    return "".join(_without_parameters(_IN_AUTHORITY.sub(rf"\g<1>:{MASK}", authority) + at + rest))


def _without_parameters(url: str) -> Iterator[str]:
    of_value = _VALUE_IN_URL if _IS_URL.match(url) else _VALUE_OF_PAIR
    done = 0
    for name in _NAME.finditer(url):
        # As the database's library reads it, `pass%77ord` is a password.
        is_secret = unquote(name[1]).lower().endswith(("password", "secret"))
        if name.start() >= done and is_secret and (value := of_value.match(url, name.end())):
            yield url[done : name.end()] + MASK
            done = value.end()
    yield url[done:]


def holds_password(url: str) -> bool:
    """Whether there is one in it."""
    return without_password(url) != url


def type_of(value: object) -> str:
    """What a value of the settings file is, where it may be or hold a secret, so that it can't be shown itself."""
    if isinstance(value, bool):
        return "true or false"
    return {str: "an empty text", list: "a list", dict: "a table", int: "a number", float: "a number"}.get(
        type(value), "a time"
    )


def shown(setting: Setting[Any], value: Any) -> Any:
    """The value as it may be shown: text, number, flag, list, or None where there is none."""
    if value is None or setting.secrecy is Secrecy.WHOLE:
        return None if value is None else MASK
    if setting.secrecy is Secrecy.WITHIN:
        return without_password(value)
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int | float) else str(value)
