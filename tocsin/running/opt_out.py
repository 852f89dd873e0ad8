"""How people can opt out, from the settings."""

from __future__ import annotations

from typing import Any, Final

from sender.opt_out import OptOut
from tocsin.settings.declared.mail import OPT_OUT_MAILTO, OPT_OUT_SECRETS, OPT_OUT_URL
from tocsin.settings.faults import SettingsError
from tocsin.settings.reading import Settings
from tocsin.settings.setting import Setting

_FIELDS: Final[dict[str, Setting[Any]]] = {
    "url": OPT_OUT_URL,
    "mailto": OPT_OUT_MAILTO,
    "secrets": OPT_OUT_SECRETS,
}


def opt_out_settings(url: str | None, mailto: str | None, settings: Settings) -> OptOut:
    """The links: nobody is offered to opt out where neither is given. Raises SettingsError."""
    try:
        return OptOut(url, mailto, opt_out_secrets(settings))
    except ValueError as error:
        field, _, problem = str(error).partition(": ")
        raise SettingsError.at(settings.named(_FIELDS[field]), problem) from None


def opt_out_secrets(settings: Settings) -> tuple[str, ...]:
    """The secrets; the first one signs."""
    return tuple((settings[OPT_OUT_SECRETS] or "").split())
