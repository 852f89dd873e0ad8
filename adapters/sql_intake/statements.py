"""The intake's statements, in what SQLite and PostgreSQL have in common (see adapters.sql_ledger.statements)."""

from __future__ import annotations

from typing import Final

STATE: Final = "SELECT body FROM ticket_states WHERE source = :source AND ticket = :ticket"

PUT_STATE: Final = """
    INSERT INTO ticket_states (source, ticket, kept, body) VALUES (:source, :ticket, :now, :body)
    ON CONFLICT (source, ticket) DO UPDATE SET kept = excluded.kept, body = excluded.body
"""

PRUNE_STATES: Final = """
    DELETE FROM ticket_states WHERE (source, ticket) IN (
        SELECT source, ticket FROM ticket_states WHERE kept <= :before ORDER BY kept LIMIT :limit
        /*pg FOR UPDATE SKIP LOCKED */
    ) RETURNING ticket
"""
