"""Where a service answers probes and scrapes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from adapters.web.serving import AddressError
from tocsin.cli.console import UNUSABLE, stop

ListenOption = Annotated[
    str | None,
    typer.Option("--listen", envvar="TOCSIN_LISTEN", help="HOST:PORT for /livez, /readyz and /metrics. Else: none."),
]


def listen_address(text: str) -> tuple[str, int]:
    """Host and port. Ends the command where they are none."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 <= int(port) < 1 << 16:
        raise typer.BadParameter(f"{text!r} is not of the form HOST:PORT", param_hint="--listen")
    return host.strip("[]"), int(port)


@contextmanager
def address_failures() -> Iterator[None]:
    """Turn an address that is taken into a message and an exit code."""
    try:
        yield
    except AddressError as error:
        stop(f"--listen: {error}", UNUSABLE)
