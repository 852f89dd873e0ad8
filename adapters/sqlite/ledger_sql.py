"""The ledger's statements. Each finds its rows by an index, whatever else the ledger holds."""

from __future__ import annotations

from typing import Final

_ENTRY = "SELECT seq, diverted, state, due, lease_until, attempt, unknowns, faults, changes, lane, body FROM jobs"

KNOWN: Final = "SELECT 1 FROM jobs WHERE id = :id"

CLAIM_KEY: Final = """
    INSERT INTO once_keys (key, source, event, seen) VALUES (:key, :source, :event, :now)
    ON CONFLICT (key) DO UPDATE SET seen = MAX(seen, excluded.seen)
    RETURNING source, event
"""

INSERT_JOB: Final = """
    INSERT INTO jobs
        (id, lane, open, head, state, due, lease_until, expires, diverted, attempt, unknowns, faults, changes, body)
    VALUES
        (:id, :lane, :open, :open AND NOT EXISTS (SELECT 1 FROM jobs WHERE lane = :lane AND open = 1), :state, :due,
         :lease_until, :expires, :diverted, :attempt, :unknowns, :faults, :changes, :body)
"""

INSERT_CHANGE: Final = """
    INSERT INTO job_changes (job, sequence, at, transition, state, attempt, code, text, fault)
    VALUES (:seq, :changes, :now, :transition, :state, :attempt, :code, :text, :fault)
"""

UPDATE_STANDING: Final = """
    UPDATE jobs SET state = :state, open = :open, head = head AND :open, due = :due, lease_until = :lease_until,
        attempt = :attempt, unknowns = :unknowns, faults = :faults, changes = :changes
    WHERE seq = :seq
"""

DEMOTE: Final = """
    UPDATE jobs SET head = 0
    WHERE lane = :lane AND head = 1 AND seq > (SELECT MIN(seq) FROM jobs WHERE lane = :lane AND open = 1)
"""

PROMOTE: Final = """
    UPDATE jobs SET head = 1
    WHERE seq = (SELECT MIN(seq) FROM jobs WHERE lane = :lane AND open = 1) AND head = 0
"""

DUE: Final = f"{_ENTRY} WHERE head = 1 AND due <= :now ORDER BY due, seq LIMIT :limit"
LAPSED: Final = f"{_ENTRY} WHERE lease_until <= :now ORDER BY lease_until LIMIT :limit"
OVERDUE: Final = f"{_ENTRY} WHERE open = 1 AND lease_until IS NULL AND expires <= :now ORDER BY expires LIMIT :limit"
FIND: Final = f"{_ENTRY} WHERE id = :id"

HISTORY: Final = """
    SELECT sequence, at, transition, state, attempt, code, text, fault FROM job_changes
    WHERE job = (SELECT seq FROM jobs WHERE id = :id) ORDER BY sequence
"""

COUNTS: Final = "SELECT state, COUNT(*) AS jobs FROM jobs GROUP BY state"

NEXT_DUE: Final = (
    "SELECT MIN(due) FROM jobs WHERE head = 1",
    "SELECT MIN(lease_until) FROM jobs WHERE lease_until IS NOT NULL",
    "SELECT MIN(expires) FROM jobs WHERE open = 1 AND lease_until IS NULL",
)

PRUNE_JOBS: Final = """
    DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE open = 0 AND expires <= :before LIMIT :limit)
"""

PRUNE_KEYS: Final = """
    DELETE FROM once_keys WHERE key IN (SELECT key FROM once_keys WHERE seen <= :before LIMIT :limit)
"""
