"""The installation's secrets: what Message-IDs and links to opt out are signed with.

They are given by settings. Where none is given, a data folder has one of its own, which the sender makes at its first
start: so nobody needs to think of it where one folder is all there is.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from adapters.files.opening import read_bounded
from adapters.files.private_files import narrow, private_folder, write_private
from sender.proof import SHORTEST_SECRET
from tocsin.config.settings.declared.mail import MAIL_SECRETS, OPT_OUT_SECRETS
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.in_force import Settings

NAME: Final = "secrets"
"""The file in a data folder, with a secret on each line; nobody but the process's user may read it."""

_MOST_BYTES: Final = 65_536
_BYTES: Final = 32
_NOT_MADE_YET: Final = "the-first-start-of-a-sender-makes-one"


def installation_secrets(settings: Settings, folder: Path | None = None) -> tuple[str, ...]:
    """The secrets: those of the settings, then those in the data folder. The first one signs, all are accepted.

    So what was signed by a folder's own secret can still be read when one is given. Raises SettingsError.
    """
    given = [one for setting in (MAIL_SECRETS, OPT_OUT_SECRETS) for one in (settings[setting] or "").split()]
    kept = [] if folder is None else _kept(folder)
    if any(len(secret) < SHORTEST_SECRET for secret in (*given, *kept)):
        is_given = any(len(secret) < SHORTEST_SECRET for secret in given)
        setting = MAIL_SECRETS if settings[MAIL_SECRETS] else OPT_OUT_SECRETS
        place = settings.named(setting) if is_given else f"{folder}/{NAME}"
        raise SettingsError.at(place, f"each secret needs at least {SHORTEST_SECRET} characters")
    return tuple(dict.fromkeys([*given, *kept]))


def made_secrets(settings: Settings, folder: Path | None) -> tuple[str, ...]:
    """The same; where there is none, the folder gets one. Raises SettingsError."""
    found = installation_secrets(settings, folder)
    if found or folder is None:
        return found
    try:
        _make(folder)
    except OSError as error:
        raise SettingsError.at(f"{folder / NAME}", f"no secret can be kept there: {error.strerror or error}") from None
    return installation_secrets(settings, folder)


def expected_secrets(settings: Settings) -> tuple[str, ...]:
    """The secrets as far as settings tell, for a check that makes nothing: a data folder will have some."""
    has_folder = settings.get(DATA) is not None and settings.get(LEDGER) is None
    return installation_secrets(settings) or ((_NOT_MADE_YET,) if has_folder else ())


def _kept(folder: Path) -> list[str]:
    file = folder / NAME
    try:
        narrow(file)
        return read_bounded(file, _MOST_BYTES).decode("ascii", "replace").split()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsError.at(str(file), f"the installation's secrets can't be read: {error.strerror}") from None


def _make(folder: Path) -> None:
    private_folder(folder)
    write_private(folder / NAME, f"{secrets.token_hex(_BYTES)}\n".encode("ascii"))
