"""What tests of several folders share."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from tests.support.brokers.fixtures import broker, cluster, lone, lone_cluster, mortal
from tests.support.databases.fixtures import (
    database_server,
    empty_database,
    migrated_database,
    mortal_server,
    postgres_url,
)
from tocsin.logs import setup

# How long one example takes says more of the machine than of what is tested.
settings.register_profile("tocsin", deadline=None)
settings.load_profile("tocsin")

__all__ = [
    "broker",
    "cluster",
    "database_server",
    "empty_database",
    "lone",
    "lone_cluster",
    "migrated_database",
    "mortal",
    "mortal_server",
    "postgres_url",
]


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """What a test does to the log of the process, as every command does that it runs, is undone behind it."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    levels = {logger: logger.level for logger in _loggers()}
    yield
    for logger in _loggers():
        logger.setLevel(levels.get(logger, logging.NOTSET))
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    setup._Form.is_of_a_service = False


def _loggers() -> list[logging.Logger]:
    known = list(logging.Logger.manager.loggerDict.values())
    return [logger for logger in known if isinstance(logger, logging.Logger)]
