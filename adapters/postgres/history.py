"""The history in a PostgreSQL database."""

from __future__ import annotations

from datetime import timedelta

from adapters.postgres.server import Limits
from adapters.postgres.store import ANSWER_WITHIN, Store
from adapters.postgres.transactions import CONNECT_WITHIN
from adapters.sql_history.store import SqlHistory, as_history_errors


class PostgresHistory(SqlHistory):
    """Made of a libpq URL (`postgresql://…`). It may be shared between threads; `close` it at the end."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 4,
        connect_within: timedelta = CONNECT_WITHIN,
        limits: Limits | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        super().__init__(
            Store(
                url,
                as_history_errors,
                connections=connections,
                connect_within=connect_within,
                limits=limits or Limits(statement=timedelta(seconds=15)),
                answer_within=answer_within,
            )
        )
