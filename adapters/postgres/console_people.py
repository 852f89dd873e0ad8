"""What the console keeps of its people, in PostgreSQL, for any number of processes."""

from __future__ import annotations

from datetime import timedelta

from adapters.postgres.store import Store
from adapters.postgres.transactions import CONNECT_WITHIN
from adapters.sql_console.people import SqlPeople, as_store_errors


class PostgresPeople(SqlPeople):
    """Made of a libpq URL (`postgresql://…`). It may be shared between threads; `close` it at the end."""

    def __init__(self, url: str, *, connections: int = 4, connect_within: timedelta = CONNECT_WITHIN) -> None:
        super().__init__(Store(url, as_store_errors, connections=connections, connect_within=connect_within))
