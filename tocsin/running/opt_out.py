"""How people can opt out, from the settings."""

from __future__ import annotations

from typing import Final

from schemas.pseudonyms import Pseudonyms
from sender.opt_out import OptOut
from tocsin.running.named_fields import Fields, named_fields
from tocsin.settings.declared.mail import OPT_OUT_MAILTO, OPT_OUT_SECRETS, OPT_OUT_URL
from tocsin.settings.reading import Settings

_FIELDS: Final[Fields] = {
    "url": OPT_OUT_URL,
    "mailto": OPT_OUT_MAILTO,
    "secrets": OPT_OUT_SECRETS,
}


def opt_out_settings(url: str | None, mailto: str | None, settings: Settings) -> OptOut:
    """The links: nobody is offered to opt out where neither is given. Raises SettingsError."""
    with named_fields(settings, _FIELDS, OPT_OUT_URL):
        return OptOut(url, mailto, opt_out_secrets(settings))


def pseudonyms_of(settings: Settings) -> Pseudonyms:
    """The hashes in the place of people who were forgotten, by the same secrets. Raises SettingsError."""
    return Pseudonyms(opt_out_settings(None, None, settings).secrets)


def opt_out_secrets(settings: Settings) -> tuple[str, ...]:
    """The secrets; the first one signs."""
    return tuple((settings[OPT_OUT_SECRETS] or "").split())
