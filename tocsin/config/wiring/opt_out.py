"""How people can opt out, from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from schemas.pseudonyms import Pseudonyms
from sender.suppressions.opt_out import OptOut
from tocsin.config.settings.declared.mail import MAIL_SECRETS, OPT_OUT_MAILTO, OPT_OUT_URL
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.named_fields import Fields, named_fields
from tocsin.config.wiring.signing import installation_secrets

_FIELDS: Final[Fields] = {
    "url": OPT_OUT_URL,
    "mailto": OPT_OUT_MAILTO,
    "secrets": MAIL_SECRETS,
}


def opt_out_settings(settings: Settings, secrets: Sequence[str]) -> OptOut:
    """The links: nobody is offered to opt out where neither is given. Raises SettingsError."""
    with named_fields(settings, _FIELDS, OPT_OUT_URL):
        return OptOut(settings[OPT_OUT_URL], settings[OPT_OUT_MAILTO], tuple(secrets))


def pseudonyms_of(settings: Settings, folder: Path | None = None) -> Pseudonyms:
    """The hashes in the place of people who were forgotten, by the secrets of settings and data folder.

    Raises SettingsError.
    """
    return Pseudonyms(installation_secrets(settings, folder))
