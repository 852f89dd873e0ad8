"""A settings file with every key: made from the declaration, so that none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tocsin.config.settings.declared import by_table
from tocsin.config.settings.setting import Secrecy, Setting

_HEAD: Final = """# Settings of Tocsin. Every line is commented out: defaults as they are, `…` where there is none.
# Options and variables come before this file. Paths are relative to its folder. Secrets stand in files of their own.
"""

PLACEHOLDER: Final = '"…"'


def example() -> str:
    """The file. Nothing in it is set."""
    return "\n".join([_HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for table, settings in by_table():
        yield f"[{table}]"
        for setting in settings:
            yield from _lines(setting)
        yield ""


def _lines(setting: Setting[Any]) -> Iterator[str]:
    key = setting.keys[0].partition(".")[2]
    yield f"# {setting.meaning}" + (" The name of a file that holds it." if setting.secrecy is Secrecy.WHOLE else "")
    yield f"#{key} = " + (PLACEHOLDER if setting.default is None else setting.kind.toml(setting.default))
