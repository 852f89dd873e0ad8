"""Values that settings take, for tests of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tocsin.config.settings import forms
from tocsin.config.settings.declared.sending import MODE
from tocsin.config.settings.kinds import Choice, Flag, Number, Place, Whole, Words
from tocsin.config.settings.setting import Setting

MODES = ("hold", "redirect:one@desk.example", "redirect:two@desk.example")

FORMS = (
    (forms.BROKERS, "h{}:1,h:2"),
    (forms.RELAY, "h{}:25"),
    (forms.LISTEN, "h{}:0"),
    (forms.NETWORKS, "10.0.0.{} ::1"),
    (forms.TOKEN, "a-token-of-the-tests-{}"),
    (forms.ENDPOINT_SECRETS, "desk=whsec_c2VjcmV0cyBvZiB0aGUgdGVzdHMgYXJlIGxvbmc{}"),
    (forms.HOOK_SECRETS, "zammad=a-secret-of-the-tests-{} glpi=another-secret-of-them"),
    (forms.SITE, "https://console-{}.desk.example"),
    (forms.WRITER, "N <n{}@d.example>"),
)


def sample(setting: Setting[Any], number: int, folder: Path) -> str:
    """One of three values (0, 1, 2) as a variable holds it; a flag has only two. Files are made in the folder."""
    kind = setting.kind
    if isinstance(kind, Flag):
        return ("on", "off", "on")[number]
    if isinstance(kind, Choice):
        words = kind.schema["enum"]
        return str(words[number % len(words)])
    if isinstance(kind, Whole | Number):
        return str(kind.minimum + number + 1)
    if isinstance(kind, Place):
        place = folder / f"place-{number}"
        place.touch()
        return str(place)
    if isinstance(kind, Words):
        return f"first-{number} second-{number}"
    if setting is MODE:
        return MODES[number]
    return next((form for one, form in FORMS if one is kind), "word-{}").format(number)


def in_toml(setting: Setting[Any], text: str) -> str:
    """The same value as a file with this setting alone."""
    table, _, name = setting.key.partition(".")
    value = setting.kind.parse(text)
    return f"[{table}]\n{name} = {setting.kind.toml(value)}\n"


def written(folder: Path, text: str) -> Path:
    (folder / "tocsin.toml").write_text(text)
    return folder / "tocsin.toml"
