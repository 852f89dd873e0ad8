"""Errors of the storage as those of posts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from outcomes.ports import PostsAwayError, PostsUnavailableError
from sender.ledger.port import LedgerAwayError, LedgerUnavailableError


@contextmanager
def as_posts_errors() -> Iterator[None]:
    """Turn errors of the storage, which the ledger has in common, into those of posts."""
    try:
        yield
    except LedgerUnavailableError as error:
        kind = PostsAwayError if isinstance(error, LedgerAwayError) else PostsUnavailableError
        raise kind(error.code, str(error)) from error
