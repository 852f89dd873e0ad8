"""The list of docs/settings.md, made from the declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tocsin.config.settings.declared import by_table
from tocsin.config.settings.setting import Setting

MARK: Final = "<!-- From here on written by `make schemas`: edit tocsin/config/settings/declared/ instead. -->"

_HEAD: Final = "| key | variable | option | default | meaning | used by |\n| --- | --- | --- | --- | --- | --- |"


def settings_list() -> str:
    """A table for each table of the file."""
    return "\n".join(_tables())


def _tables() -> Iterator[str]:
    for table, settings in by_table():
        yield f"### [{table}]\n\n{_HEAD}"
        yield from (_row(setting) for setting in settings)
        yield ""


def _row(setting: Setting[Any]) -> str:
    cells = (
        _code(*(key.partition(".")[2] for key in setting.keys)),
        _code(*setting.variables),
        _code(*(() if setting.option is None else (setting.option,))),
        "" if setting.default is None else _code(setting.kind.toml(setting.default)),
        setting.meaning.replace("|", "\\|"),
        ", ".join(f"**{name}**" if name in setting.needed_by else name for name in setting.used_by),
    )
    return f"| {' | '.join(cells)} |"


def _code(*words: str) -> str:
    return " ".join(f"`{word}`" for word in words)
