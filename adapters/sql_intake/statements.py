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

STATES_PAGE: Final = """
    SELECT source, ticket, body FROM ticket_states WHERE (source, ticket) > (:source, :ticket)
    ORDER BY source, ticket LIMIT :limit
"""
BLANK_STATE: Final = "UPDATE ticket_states SET body = :body WHERE source = :source AND ticket = :ticket"

# An event that is not in the log yet stays as it is: its delivery was promised.
DELIVERIES_PAGE: Final = """
    SELECT event, body FROM deliveries WHERE event > :after /*pg AND waits = 0 */ ORDER BY event LIMIT :limit
"""
BLANK_DELIVERY: Final = "UPDATE deliveries SET body = :body WHERE event = :event"
