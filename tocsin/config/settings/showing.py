"""What `tocsin settings` shows: each value in force with its origin, secrets masked, and everything that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tocsin.config.settings.faults import SettingsFault
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.masking import shown
from tocsin.config.settings.setting import Setting
from tocsin.config.settings.variables import unknown_variables

WRONG: Final = "wrong"
"""In place of an origin: no value is in force, since one that was given can't be used, or one is missing."""


class ShownSetting(Struct, frozen=True):
    """One setting. `value` is null where there is none, and `***` for a secret."""

    key: str
    value: Any
    origin: str

    def as_text(self) -> str:
        """The value for a table: as the settings file would hold it, texts without quotes."""
        if self.value is None:
            return "-"
        is_plain = isinstance(self.value, str) and self.value.isprintable()
        return self.value if is_plain else json.dumps(self.value, ensure_ascii=False)


class ShownSettings(Struct, frozen=True):
    """What `tocsin settings --json` prints."""

    file: str | None
    settings: list[ShownSetting]
    unknown_variables: list[str]
    faults: list[str]


def shown_settings(
    path: Path | None,
    settings: Settings,
    used: Sequence[Setting[Any]],
    faults: Iterable[SettingsFault],
    environment: Iterable[str],
) -> ShownSettings:
    """Everything that can be shown of these settings."""
    found = tuple(faults)
    wrong = {fault.key for fault in found}
    return ShownSettings(
        None if path is None else str(path),
        [
            ShownSetting(one.key, None, WRONG)
            if one.key in wrong
            else ShownSetting(one.key, shown(one, settings[one]), str(settings.origin(one)))
            for one in used
        ],
        [str(unknown) for unknown in unknown_variables(environment)],
        [str(fault) for fault in found],
    )
