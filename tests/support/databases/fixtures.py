"""The PostgreSQL that tests talk to: a real one, always."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
import pytest

from adapters.postgres.ledger import PostgresLedger
from tests.support.brokers.fixtures import docker_answers
from tests.support.databases.native import NativePostgres

IMAGE = "postgres:18-alpine"


class DatabaseServer(Protocol):
    """A server that runs."""

    def url(self, database: str) -> str:
        """The libpq URL of one of its databases, for a user who may do anything."""
        ...


class GivenServer:
    """A server that somebody else runs, by the URL of any of its databases."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def url(self, database: str) -> str:
        return self._url._replace(path=f"/{database}").geturl()


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    """The server of TOCSIN_TEST_POSTGRES; else one in a container, where a Docker engine answers; else one's own."""
    given = os.environ.get("TOCSIN_TEST_POSTGRES")
    if given:
        yield GivenServer(given)
    elif docker_answers():
        yield from _in_a_container()
    else:
        yield from _of_its_own()


@pytest.fixture(scope="session")
def migrated_database(database_server: DatabaseServer) -> Iterator[str]:
    """A database with all tables, of which others are copied."""
    with made_in(database_server) as name:
        PostgresLedger(database_server.url(name)).close()
        yield name


@pytest.fixture
def postgres_url(database_server: DatabaseServer, migrated_database: str) -> Iterator[str]:
    """A database of one test, with all tables."""
    with made_in(database_server, f"TEMPLATE {migrated_database} STRATEGY file_copy") as name:
        yield database_server.url(name)


@pytest.fixture
def empty_database(database_server: DatabaseServer) -> Iterator[str]:
    """A database of one test, without a table."""
    with made_in(database_server) as name:
        yield database_server.url(name)


@pytest.fixture
def mortal_server() -> Iterator[NativePostgres]:
    """A server of one test, to kill."""
    yield from _of_its_own()


@contextmanager
def made_in(server: DatabaseServer, options: str = "") -> Iterator[str]:
    """A database that is dropped at the end, whoever is still connected."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with closing(psycopg.connect(server.url("postgres"), autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}")
        try:
            yield name
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _of_its_own() -> Iterator[NativePostgres]:
    native = NativePostgres()
    try:
        native.start()
        yield native
    finally:
        native.remove()


def _in_a_container() -> Iterator[DatabaseServer]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - needs a Docker engine

    with PostgresContainer(IMAGE, driver=None) as running:
        yield GivenServer(running.get_connection_url())
