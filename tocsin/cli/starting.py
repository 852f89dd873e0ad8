"""How a service begins: with its log as it was told to keep it."""

from __future__ import annotations

import os

import structlog

from tocsin.cli.settled import exposure, in_force
from tocsin.config.settings.declared.processes import LOG_FORMAT, LOG_LEVEL
from tocsin.config.settings.variables import unknown_variables
from tocsin.logs import log_to_stderr

log = structlog.get_logger()


def log_as_told() -> None:
    """Keep the log in the form and from the level that the settings say, with none of their secrets in it.

    Its first lines are variables that look like settings and are none, and passwords on the command line.
    """
    told = {LOG_FORMAT.variable: in_force()[LOG_FORMAT], LOG_LEVEL.variable: in_force()[LOG_LEVEL]}
    given = {variable: str(value) for variable, value in told.items() if value is not None}
    log_to_stderr(environment={**os.environ, **given}, secrets=in_force().secrets())
    for unknown in unknown_variables(os.environ):
        log.warning("unknown_variable", variable=unknown.name, meaning=str(unknown))
    for exposed in in_force().exposed():
        log.warning("password_on_command_line", option=exposed.option, said=exposure(exposed))
