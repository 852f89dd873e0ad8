"""Whether settings can be used together, and whether a command has all that it needs: without starting anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from tocsin.config.settings.faults import SettingsError, SettingsFault
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.reading import Reading
from tocsin.config.settings.setting import Setting
from tocsin.config.wiring.kafka import kafka_in
from tocsin.config.wiring.mail import mail_in
from tocsin.config.wiring.outcomes import outcomes_in

PARTS: Final[dict[Callable[[Settings], object], tuple[str, ...]]] = {
    kafka_in: ("kafka",),
    mail_in: ("mail", "fax", "texts", "opt_out"),
    outcomes_in: ("outcomes",),
}
"""What is made of settings, and of which tables."""


def all_faults(reading: Reading, used: Collection[Setting[Any]], command: str | None) -> Iterator[SettingsFault]:
    """Everything that is wrong, each thing once; with a command also what it lacks, as far as settings tell."""
    yield from reading.faults
    if not reading.is_whole:
        return
    faulty = {fault.key for fault in reading.faults}
    for setting in used:
        if command in setting.needed_by and reading.settings[setting] is None and setting.key not in faulty:
            yield SettingsFault(setting.names, f"`tocsin {command}` needs it", setting.key)
    tables = {key.partition(".")[0] for key in faulty if key is not None}
    for part, its_tables in PARTS.items():
        # What follows from a value that can't be read is no fault of its own.
        if tables.isdisjoint(its_tables):
            try:
                part(reading.settings)
            except SettingsError as error:
                yield from error.faults
