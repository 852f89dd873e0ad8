"""Ledgers at places where something is wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from adapters.postgres.ledger import PostgresLedger
from sender.ledger.port import LedgerUnavailableError
from tests.support.databases.native import PASSWORD
from tests.support.databases.proxy import Proxy

SECRET = "hunter2s"


def code_of(call: Callable[[], object]) -> str:
    """The code of the error that a call raises, which holds no secret and no details of rows."""
    with pytest.raises(LedgerUnavailableError) as caught:
        call()
    words = "".join(traceback.format_exception(caught.value))
    assert SECRET not in words
    assert PASSWORD not in words
    assert "psycopg." not in words, "what psycopg says in full may hold addresses"
    return caught.value.code


@contextmanager
def ledger_at(url: str, **options: Any) -> Iterator[PostgresLedger]:
    with closing(PostgresLedger(url, connect_within=timedelta(seconds=2), **options)) as ledger:
        yield ledger


@contextmanager
def behind_a_proxy(url: str, **options: Any) -> Iterator[tuple[PostgresLedger, Proxy]]:
    """A ledger, and the network between it and its server."""
    port = url.rpartition(":")[2].partition("/")[0]
    with Proxy(int(port)) as proxy, ledger_at(url.replace(f":{port}/", f":{proxy.port}/"), **options) as ledger:
        yield ledger, proxy


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Somebody sits on a lock of a table."""
    with closing(psycopg.connect(url)) as connection:
        connection.execute(f"LOCK TABLE {table}")
        yield


def admin(url: str, *statements: str) -> None:
    """Do something to the database behind the ledger's back."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement)
