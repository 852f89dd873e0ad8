"""How a service begins: with its log as it was told to keep it, and where it answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from adapters.web.errors import AddressError
from tocsin.cli.settled import exposure
from tocsin.config.settings.declared.processes import LISTEN_ADDRESS, LOG_FORMAT, LOG_LEVEL
from tocsin.config.settings.forms import listening
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.setting import Setting
from tocsin.config.settings.variables import unknown_variables
from tocsin.logs import log_to_stderr

log = structlog.get_logger()


def log_as_told(settings: Settings) -> None:
    """Keep the log in the form and from the level that the settings say, with none of their secrets in it.

    Its first lines are variables that look like settings and are none, and passwords on the command line.
    """
    told = {LOG_FORMAT.variable: settings[LOG_FORMAT], LOG_LEVEL.variable: settings[LOG_LEVEL]}
    given = {variable: str(value) for variable, value in told.items() if value is not None}
    log_to_stderr(environment={**os.environ, **given}, secrets=settings.secrets())
    for unknown in unknown_variables(os.environ):
        log.warning("unknown_variable", variable=unknown.name, meaning=str(unknown))
    for exposed in settings.exposed():
        log.warning("password_on_command_line", option=exposed.option, said=exposure(exposed))


def listen_address(settings: Settings) -> tuple[str, int] | None:
    """Where to answer probes and scrapes, if anywhere."""
    listen = settings[LISTEN_ADDRESS]
    return None if listen is None else listening(listen)


@contextmanager
def naming_address(settings: Settings, *among: Setting[str]) -> Iterator[None]:
    """Where an address is taken, the AddressError names where the setting came from, which is one of these."""
    try:
        yield
    except AddressError as error:
        given = ((one, settings[one]) for one in among)
        found = (one for one, text in given if text is not None and listening(text) == error.address)
        raise AddressError(f"{settings.named(next(found, among[0]))}: {error}", error.address) from error
