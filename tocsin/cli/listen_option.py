"""Where a service answers probes and scrapes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from adapters.web.serving import AddressError
from tocsin.cli.console import UNUSABLE, stop
from tocsin.cli.settled import in_force, option
from tocsin.config.settings.declared.processes import LISTEN_ADDRESS
from tocsin.config.settings.forms import listening
from tocsin.config.settings.setting import Setting

ListenOption = Annotated[str | None, option(LISTEN_ADDRESS)]


def address_of(listen: str | None) -> tuple[str, int] | None:
    """Where to answer, if anywhere."""
    return None if listen is None else listening(listen)


@contextmanager
def address_failures(setting: Setting[str] = LISTEN_ADDRESS) -> Iterator[None]:
    """Turn an address that is taken into an exit code, and a message that names where the setting came from."""
    try:
        yield
    except AddressError as error:
        stop(f"{in_force().named(setting)}: {error}", UNUSABLE)
