"""How people can opt out, from the command line and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sender.opt_out import OptOut

SECRETS: Final = "TOCSIN_OPT_OUT_SECRETS"
SECRETS_FILE: Final = "TOCSIN_OPT_OUT_SECRETS_FILE"


class OptOutSettingsError(ValueError):
    """A setting about opting out that can't be used: which, and what to do."""


def opt_out_settings(url: str | None, mailto: str | None, environment: Mapping[str, str] = os.environ) -> OptOut:
    """Read the settings: nobody is offered to opt out where neither is given. Raises OptOutSettingsError."""
    try:
        return OptOut(url, mailto, opt_out_secrets(environment))
    except ValueError as error:
        raise OptOutSettingsError(f"{error} (see --opt-out-url, --opt-out-mailto, {SECRETS})") from None


def opt_out_secrets(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The secrets, with blanks or line ends between them; the first one signs. Raises OptOutSettingsError."""
    file = environment.get(SECRETS_FILE)
    if file is None:
        return tuple(environment.get(SECRETS, "").split())
    try:
        return tuple(Path(file).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise OptOutSettingsError(f"{SECRETS_FILE}: {file} can't be read: {error}") from None
