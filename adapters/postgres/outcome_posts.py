"""Posts of outcomes in PostgreSQL, for any number of senders."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from adapters.postgres.server import Limits
from adapters.postgres.store import Store
from adapters.postgres.transactions import CONNECT_WITHIN
from adapters.sql_outcomes.faults import as_posts_errors
from adapters.sql_outcomes.posts import SqlOutcomePosts

ANSWER_WITHIN: Final = timedelta(seconds=40)
"""How long the server may say nothing to a statement. Longer than the limits that it keeps itself."""


class PostgresOutcomePosts(SqlOutcomePosts):
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
                as_posts_errors,
                connections=connections,
                connect_within=connect_within,
                limits=limits,
                answer_within=answer_within,
            )
        )
