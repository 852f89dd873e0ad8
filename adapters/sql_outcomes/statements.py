"""The statements on posts and sums, in what SQLite and PostgreSQL have in common, as adapters.sql_ledger.statements."""

from __future__ import annotations

from typing import Final

KNOWN: Final = "SELECT 1 AS known FROM outcome_posts WHERE id = :id"

INSERT_POST: Final = """
    INSERT INTO outcome_posts
        (id, endpoint, source, ticket, event, type, state, open, head, attempts, made, changed, due, body)
    VALUES
        (:id, :endpoint, :source, :ticket, :event, :type, 'waiting', 1,
         CASE WHEN EXISTS (SELECT 1 FROM outcome_posts
             WHERE endpoint = :endpoint AND source = :source AND ticket = :ticket AND open = 1) THEN 0 ELSE 1 END,
         0, :now, :now, :now, :body)
"""

PROMOTE: Final = """
    UPDATE outcome_posts SET head = 1
    WHERE head = 0 AND seq = (SELECT MIN(seq) FROM outcome_posts
        WHERE endpoint = :endpoint AND source = :source AND ticket = :ticket AND open = 1)
"""

TAKE: Final = """
    UPDATE outcome_posts SET lease_until = :until, attempts = attempts + 1 WHERE seq IN (
        SELECT seq FROM outcome_posts WHERE endpoint = :endpoint AND head = 1 AND due <= :now
            AND (lease_until IS NULL OR lease_until <= :now)
        ORDER BY due, seq LIMIT :limit /*pg FOR UPDATE SKIP LOCKED */
    ) RETURNING seq, id, endpoint, attempts, due, body
"""

LANE: Final = "SELECT endpoint, source, ticket FROM outcome_posts WHERE seq = :seq"

DELIVERED: Final = """
    UPDATE outcome_posts SET state = 'delivered', open = 0, head = 0, lease_until = NULL, changed = :now, said = :said
    WHERE seq = :seq AND open = 1 RETURNING seq
"""
PUT_OFF: Final = """
    UPDATE outcome_posts SET due = :due, lease_until = NULL, changed = :now, said = :said
    WHERE seq = :seq AND open = 1 AND attempts = :attempt RETURNING seq
"""

OLD: Final = """
    SELECT seq, id, endpoint, source, ticket, attempts, body FROM outcome_posts
    WHERE open = 1 AND made <= :before AND (lease_until IS NULL OR lease_until <= :now) ORDER BY made LIMIT :limit
"""
GIVE_UP: Final = """
    UPDATE outcome_posts SET state = 'given_up', open = 0, head = 0, lease_until = NULL, changed = :now
    WHERE seq = :seq AND open = 1 AND made <= :before AND (lease_until IS NULL OR lease_until <= :now)
    RETURNING seq
"""

# A clock that was set back must not make anything wait.
BRING_BACK: Final = (
    """
    UPDATE outcome_posts SET due = :now, lease_until = NULL
    WHERE head = 1 AND (due > :furthest OR lease_until > :furthest) RETURNING 1 AS one
    """,
    "UPDATE outcome_posts SET made = :now WHERE open = 1 AND made > :furthest RETURNING 1 AS one",
    "UPDATE outcome_sums SET due = :now, since = :now WHERE due > :furthest RETURNING 1 AS one",
)

SUM: Final = """
    SELECT since, due, told, posts FROM outcome_sums
    WHERE endpoint = :endpoint AND source = :source AND event = :event
"""

PUT_PART: Final = """
    INSERT INTO outcome_parts (endpoint, source, event, job, sequence, body)
    VALUES (:endpoint, :source, :event, :job, :sequence, :body)
    ON CONFLICT (endpoint, source, event, job) DO UPDATE SET sequence = excluded.sequence, body = excluded.body
        WHERE outcome_parts.sequence < excluded.sequence
    RETURNING 1 AS one
"""

PUT_SUM: Final = """
    INSERT INTO outcome_sums (endpoint, source, event, ticket, reference, since, due, told, posts, changed)
    VALUES (:endpoint, :source, :event, :ticket, :reference, :since, :due, :told, :posts, :now)
    ON CONFLICT (endpoint, source, event) DO UPDATE SET
        reference = COALESCE(excluded.reference, outcome_sums.reference), since = excluded.since, due = excluded.due,
        told = excluded.told, posts = excluded.posts, changed = excluded.changed
"""

SUMS_DUE: Final = """
    SELECT endpoint, source, ticket, event FROM outcome_sums WHERE due <= :now ORDER BY due LIMIT :limit
"""
SUM_DUE: Final = """
    SELECT endpoint, source, ticket, event, reference, since, due, told, posts FROM outcome_sums
    WHERE endpoint = :endpoint AND source = :source AND event = :event AND due <= :now
"""
PARTS: Final = "SELECT body FROM outcome_parts WHERE endpoint = :endpoint AND source = :source AND event = :event"

PRUNE_POSTS: Final = """
    DELETE FROM outcome_posts WHERE seq IN (
        SELECT seq FROM outcome_posts WHERE open = 0 AND changed <= :before LIMIT :limit /*pg FOR UPDATE SKIP LOCKED */
    ) RETURNING seq
"""
PRUNE_SUMS: Final = """
    DELETE FROM outcome_sums WHERE (endpoint, source, event) IN (
        SELECT endpoint, source, event FROM outcome_sums WHERE due IS NULL AND changed <= :before LIMIT :limit
        /*pg FOR UPDATE SKIP LOCKED */
    ) RETURNING endpoint, source, event
"""
PRUNE_PARTS: Final = "DELETE FROM outcome_parts WHERE endpoint = :endpoint AND source = :source AND event = :event"

DISABLE: Final = """
    INSERT INTO outcome_endpoints (endpoint, place, since, why) VALUES (:endpoint, :place, :since, :why)
    ON CONFLICT (endpoint) DO UPDATE SET place = excluded.place, since = excluded.since, why = excluded.why
"""
ENABLE: Final = "DELETE FROM outcome_endpoints WHERE endpoint = :endpoint RETURNING endpoint"
DISABLED: Final = "SELECT endpoint, place, since, why FROM outcome_endpoints ORDER BY endpoint"

# Each is answered by an index alone, however many posts there are.
WAITING: Final = """
    SELECT endpoint, COUNT(*) AS posts, MIN(made) AS oldest FROM outcome_posts WHERE open = 1 GROUP BY endpoint
"""
GIVEN_UP: Final = "SELECT endpoint, COUNT(*) AS posts FROM outcome_posts WHERE state = 'given_up' GROUP BY endpoint"

SELECTED: Final = """
    SELECT seq, id, endpoint, source, ticket, event, type, state, attempts, made, changed, due, said, open, body
    FROM outcome_posts
"""

RESEND: Final = """
    UPDATE outcome_posts SET state = 'waiting', open = 1, head = 0, due = :now, made = :now, attempts = 0,
        lease_until = NULL, changed = :now
    WHERE seq = :seq AND open = 0
"""
AT_ONCE: Final = "UPDATE outcome_posts SET due = :now, changed = :now WHERE seq = :seq AND open = 1 AND due > :now"
DEMOTE: Final = """
    UPDATE outcome_posts SET head = 0
    WHERE endpoint = :endpoint AND source = :source AND ticket = :ticket AND head = 1 AND open = 1
        AND seq > (SELECT MIN(seq) FROM outcome_posts
            WHERE endpoint = :endpoint AND source = :source AND ticket = :ticket AND open = 1)
"""

POSTS_PAGE: Final = "SELECT seq, id, body FROM outcome_posts WHERE seq > :after ORDER BY seq LIMIT :limit"
BLANK_POST: Final = "UPDATE outcome_posts SET body = :body WHERE seq = :seq"
PARTS_PAGE: Final = """
    SELECT endpoint, source, event, job, body FROM outcome_parts
    WHERE (endpoint, source, event, job) > (:endpoint, :source, :event, :job)
    ORDER BY endpoint, source, event, job LIMIT :limit
"""
BLANK_PART: Final = """
    UPDATE outcome_parts SET body = :body
    WHERE endpoint = :endpoint AND source = :source AND event = :event AND job = :job
"""

JOB: Final = "SELECT id, body FROM jobs WHERE id = :id"
