"""Which value of each setting is in force, and where it came from: option, then variable, then file, then default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from tocsin.config.settings.declared import SETTINGS
from tocsin.config.settings.faults import SettingsError, SettingsFault
from tocsin.config.settings.in_force import Held, Settings
from tocsin.config.settings.kinds import Place
from tocsin.config.settings.masking import holds_password, type_of
from tocsin.config.settings.origins import BY_DEFAULT, Origin, Source
from tocsin.config.settings.secret_files import read_secret
from tocsin.config.settings.setting import Secrecy, Setting
from tocsin.config.settings.toml_file import TomlFile, read_toml


class Reading(Struct, frozen=True):
    """The settings as far as they could be read, and everything that is wrong."""

    settings: Settings
    faults: tuple[SettingsFault, ...]
    is_whole: bool = True
    """Whether there is no file, or it could be read: else nothing can be said of what is missing."""

    def checked(self) -> Settings:
        """The settings. Raises SettingsError where anything is wrong."""
        if self.faults:
            raise SettingsError(self.faults)
        return self.settings


def read_settings(
    path: Path | None, environment: Mapping[str, str], used: Sequence[Setting[Any]] = SETTINGS
) -> Reading:
    """Read the file (None: there is none) and the environment.

    The file is checked whole; variables, and files that hold secrets, only for the settings that are `used`.
    """
    faults: list[SettingsFault] = []
    file = None
    if path is not None:
        try:
            file = read_toml(path)
            faults += file.faults
        except SettingsError as error:
            faults += error.faults
    held = {}
    for setting in SETTINGS:
        is_used = setting in used
        ways = [*(_in_environment(setting, environment) if is_used else ()), *(_in_file(setting, file) if file else ())]
        faults += _twice(setting, ways)
        strongest: Held | None = None
        for way in ways:
            # Files elsewhere are looked at only where they count: what others need may well not be on this machine.
            if (is_used and strongest is None) or not _looks_elsewhere(setting, way):
                found = _read(setting, way, faults)
                strongest = strongest or found
        if is_used:
            held[setting.key] = strongest or Held(setting.default, BY_DEFAULT)
    return Reading(Settings(held), tuple(faults), is_whole=path is None or file is not None)


class _Way(Struct, frozen=True):
    """One way in which a setting is given: how to read its value, which raises ValueError."""

    where: str
    source: Source
    name: str
    read: Callable[[], Any]
    secret_file: Path | None = None


def _looks_elsewhere(setting: Setting[Any], way: _Way) -> bool:
    return way.secret_file is not None or (isinstance(setting.kind, Place) and setting.kind.is_read)


def _read(setting: Setting[Any], way: _Way, faults: list[SettingsFault]) -> Held | None:
    try:
        return Held(way.read(), Origin(way.source, way.name, way.secret_file))
    except ValueError as error:
        faults.append(SettingsFault(way.where, str(error), setting.key))
        return None


def _in_environment(setting: Setting[Any], environment: Mapping[str, str]) -> Iterator[_Way]:
    # As everywhere, a variable that is empty is not set.
    if text := environment.get(setting.variable):
        yield _Way(setting.variable, Source.ENVIRONMENT, setting.variable, lambda: setting.kind.parse(text))
    if setting.is_secret and (name := environment.get(setting.file_variable)):
        yield _Way(
            setting.file_variable, Source.ENVIRONMENT, setting.file_variable, lambda: read_secret(name), Path(name)
        )


def _in_file(setting: Setting[Any], file: TomlFile) -> Iterator[_Way]:
    for key in setting.keys:
        if key not in file.values:
            continue
        value, place = file.values[key], file.place(key)
        if key == setting.key:
            yield _Way(f"{place}: {key}", Source.FILE, place, _reader(setting, value, file.path.parent))
        elif isinstance(value, str) and value:
            folder = file.path.parent
            yield _Way(f"{place}: {key}", Source.FILE, place, _secret_reader(value, folder), folder / value)
        else:
            yield _Way(f"{place}: {key}", Source.FILE, place, _refuser(f"{type_of(value)} is not the name of a file"))


def _reader(setting: Setting[Any], value: Any, folder: Path) -> Callable[[], Any]:
    def read() -> Any:
        if setting.secrecy is Secrecy.WITHIN and not isinstance(value, str):
            raise ValueError(f"{type_of(value)} is not {setting.kind.said}")
        if setting.secrecy is Secrecy.WITHIN and holds_password(value):
            raise ValueError(
                f"a password has no place in this file: put the whole URL into a file of its own, and name that in "
                f"{setting.file_key}"
            )
        if isinstance(setting.kind, Place) and isinstance(value, str) and value:
            return setting.kind.accept(str(folder / value))
        return setting.kind.accept(value)

    return read


def _secret_reader(name: str, folder: Path) -> Callable[[], str]:
    return lambda: read_secret(name, folder)


def _refuser(problem: str) -> Callable[[], Any]:
    def refuse() -> Any:
        raise ValueError(problem)

    return refuse


def _twice(setting: Setting[Any], ways: Iterable[_Way]) -> Iterator[SettingsFault]:
    for source in (Source.ENVIRONMENT, Source.FILE):
        given = [way.where for way in ways if way.source is source]
        if len(given) > 1:
            yield SettingsFault(given[1], f"{given[0]} says the same: keep one of them", setting.key)
