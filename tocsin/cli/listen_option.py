"""Where a service answers probes and scrapes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from adapters.web.serving import AddressError
from tocsin.cli.console import UNUSABLE, stop
from tocsin.cli.settled import option
from tocsin.settings.declared.processes import LISTEN_ADDRESS

ListenOption = Annotated[str | None, option(LISTEN_ADDRESS)]


@contextmanager
def address_failures() -> Iterator[None]:
    """Turn an address that is taken into a message and an exit code."""
    try:
        yield
    except AddressError as error:
        stop(f"--listen: {error}", UNUSABLE)
