"""The settings file: TOML, a table for each concern."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from adapters.files.opening import read_bounded
from schemas.suggestion import nearest
from tocsin.config.settings.declared import SETTINGS
from tocsin.config.settings.faults import SettingsError, SettingsFault
from tocsin.config.settings.setting import Secrecy
from tocsin.config.settings.toml_lines import lines_of

MOST_BYTES: Final = 1_048_576

_PLACE: Final = re.compile(r"^(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)$", re.DOTALL)

KEYS: Final = {key: setting for setting in SETTINGS for key in setting.keys}
"""Every key that may stand in the file."""

_TABLES: Final = frozenset(setting.table for setting in SETTINGS)

_SECRETS: Final = {setting.key: setting for setting in SETTINGS if setting.secrecy is Secrecy.WHOLE}


class TomlFile(Struct, frozen=True):
    """What a file holds under keys that there are, on which lines, and what is wrong with its shape."""

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    faults: tuple[SettingsFault, ...]

    def place(self, key: str) -> str:
        """File and line of a key."""
        # Keys within an inline table stand where the table does.
        line = self.lines.get(key, self.lines.get(key.partition(".")[0]))
        return str(self.path) if line is None else f"{self.path}:{line}"

    def __repr__(self) -> str:
        """Without what it holds."""
        return f"TomlFile({self.path})"


def read_toml(path: Path) -> TomlFile:
    """Read the file. Raises SettingsError where it is no TOML, or can't be read at all."""
    text = _text(path)
    try:
        found = dict(_flat(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(path, str(error)) from None
    except (ValueError, RecursionError):
        raise _no_toml(path, "a number is too long, or lists are nested too deep") from None
    lines = lines_of(text)
    bare = TomlFile(path, {}, lines, ())
    faults = [
        SettingsFault(f"{bare.place(key)}: {key}", _unknown(key, value))
        for key, value in found.items()
        if key not in KEYS
    ]
    return TomlFile(path, {key: value for key, value in found.items() if key in KEYS}, lines, tuple(faults))


def _text(path: Path) -> str:
    try:
        content = read_bounded(path, MOST_BYTES)
    except OSError as error:
        raise SettingsError.at(str(path), f"the settings file can't be read: {error.strerror}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError.at(str(path), "the settings file can't be read: it is no text in UTF-8") from None


def _no_toml(path: Path, said: str) -> SettingsError:
    place = _PLACE.match(said)
    if place is None:
        return SettingsError.at(str(path), f"this is no TOML: {said}")
    return SettingsError.at(f"{path}:{place['line']}:{place['column']}", f"this is no TOML: {place['what']}")


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for table, values in document.items():
        if not isinstance(values, dict) or not values:
            if not isinstance(values, dict) or table not in _TABLES:
                yield table, values
            continue
        yield from ((f"{table}.{name}", value) for name, value in values.items())


def _unknown(key: str, value: Any) -> str:
    secret = _SECRETS.get(key)
    if secret is not None:
        return f"a secret has no place in this file: put it into a file of its own, and name that in {secret.file_key}"
    table, dot, name = key.partition(".")
    if not dot and table in _TABLES:
        return f"this is a table: begin it with [{table}] on a line of its own"
    if table not in _TABLES and (dot or isinstance(value, dict)):
        return f"there is no table [{table}]{nearest(table, _TABLES) or nearest(key, KEYS)}"
    elsewhere = [f"`{one}`" for one in KEYS if dot and one.partition(".")[2] == name]
    meant = f": did you mean {' or '.join(elsewhere)}?" if elsewhere else nearest(key, KEYS)
    return f"there is no such setting{meant}"
