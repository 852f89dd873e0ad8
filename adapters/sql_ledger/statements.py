"""The ledger's statements on jobs, keys and the outbox. Each finds its rows by an index, whatever else there is.

They are written once for all databases, in what SQLite and PostgreSQL have in common: values are named as `:name`,
flags are 0 and 1, moments are microseconds. What stands within `/*pg … */` is PostgreSQL's alone: it keeps several
senders apart. `INDEXED BY` is SQLite's alone, which keeps no figures by which it could choose an index.
"""

from __future__ import annotations

from typing import Final

ENTRY: Final = """
    SELECT seq, id, diverted, state, due, lease_until, attempt, unknowns, faults, changes, hold, released, digest,
        owner, handed_over, freed, lane, open, in_lane, carrier, accepted, changed, domain,
        recipient, person, body
    FROM jobs
"""

KNOWN: Final = "SELECT 1 AS known FROM jobs WHERE id = :id"

CLAIM_KEY: Final = """
    INSERT INTO once_keys (key, source, event, seen) VALUES (:key, :source, :event, :now)
    ON CONFLICT (key) DO UPDATE
        SET seen = CASE WHEN once_keys.seen < excluded.seen THEN excluded.seen ELSE once_keys.seen END
    RETURNING source, event, CASE WHEN source = :source AND event = :event THEN 1 ELSE 0 END AS ours
"""

# `head` marks the oldest open job of each lane. Only heads are claimed, and an index holds them by their due time.
# A bundled job is in no lane where its carrier is in the same one, so that the digest does not wait for what it lists.
INSERT_JOB: Final = """
    INSERT INTO jobs
        (id, lane, open, in_lane, head, state, due, lease_until, expires, diverted, attempt, unknowns, faults, changes,
         hold, released, digest, ticket, person, customer, template, domain, recipient, saved_at, accepted, changed,
         body)
    VALUES
        (:id, :lane, :open, :in_lane,
         CASE WHEN EXISTS (SELECT 1 FROM jobs WHERE lane = :lane AND in_lane = 1) THEN 0 ELSE :in_lane END,
         :state, :due, :lease_until, :expires, :diverted, :attempt, :unknowns, :faults, :changes,
         :hold, :released, :digest, :ticket, :person, :customer, :template, :domain, :recipient, :saved_at, :now, :now,
         :body)
"""

INSERT_CHANGE: Final = """
    INSERT INTO job_changes (job, sequence, at, transition, state, attempt, code, text, fault)
    VALUES ((SELECT seq FROM jobs WHERE id = :id), :sequence, :at, :transition, :state, :attempt, :code, :text, :fault)
"""

_STANDING: Final = """
    UPDATE jobs SET state = :state, due = :due, lease_until = :lease_until, attempt = :attempt, unknowns = :unknowns,
        faults = :faults, changes = :changes, hold = :hold, released = :released, digest = :digest, owner = :owner,
        handed_over = :handed_over, freed = :freed, changed = :now
"""

UPDATE_STANDING: Final = f"{_STANDING} WHERE seq = :seq"

# Seldom: it takes part in more indexes.
_PLACE: Final = "open = :open, in_lane = :in_lane, head = head * :in_lane, carrier = :carrier"

UPDATE_PLACE: Final = f"{_STANDING}, {_PLACE} WHERE seq = :seq"

DEMOTE: Final = """
    UPDATE jobs SET head = 0
    WHERE lane = :lane AND head = 1 AND seq > (SELECT MIN(seq) FROM jobs WHERE lane = :lane AND in_lane = 1)
"""

PROMOTE: Final = """
    UPDATE jobs SET head = 1
    WHERE seq = (SELECT MIN(seq) FROM jobs WHERE lane = :lane AND in_lane = 1) AND head = 0
"""

# Open, and neither it nor the digest that lists it is just being sent.
_AT_REST: Final = """
    open = 1 AND lease_until IS NULL
    AND (SELECT lease_until FROM jobs AS carriers WHERE carriers.seq = jobs.carrier) IS NULL
"""

_DUE: Final = f"{ENTRY} WHERE head = 1 AND due <= :now"
_LONGEST_DUE: Final = "ORDER BY due, seq LIMIT :limit /*pg FOR UPDATE SKIP LOCKED */"

# See sender.ledger.claimable.
_MAY_GO: Final = """
    recipient NOT IN (SELECT value FROM json_each(:not_recipients))
    AND (domain NOT IN (SELECT value FROM json_each(:not_domains))
        OR recipient IN (SELECT value FROM json_each(:despite)))
"""

# By their transport; texts as in the index jobs_texts_due: so they are found among many mails that must wait.
_OF: Final = {
    "any": "",
    "mail": "AND domain NOT IN ('sms', 'chat')",
    "texts": "AND domain = :transport AND domain IN ('sms', 'chat')",
}

DUE: Final = {of: f"{_DUE} {which} {_LONGEST_DUE}" for of, which in _OF.items()}
DUE_ELSEWHERE: Final = {of: f"{_DUE} {which} AND {_MAY_GO} {_LONGEST_DUE}" for of, which in _OF.items()}
LAPSED: Final = f"{ENTRY} WHERE lease_until <= :now ORDER BY lease_until LIMIT :limit"
OVERDUE: Final = f"{ENTRY} WHERE {_AT_REST} AND expires <= :now ORDER BY expires LIMIT :limit"
OWNERS: Final = "SELECT owner FROM jobs WHERE lease_until > 0 AND owner IS NOT NULL"

_NOBODYS: Final = """
    owner IN (SELECT value FROM json_each(:gone))
    OR owner = :owner AND id NOT IN (SELECT value FROM json_each(:under_way))
"""

ABANDONED: Final = f"{ENTRY} WHERE lease_until > 0 AND ({_NOBODYS}) ORDER BY lease_until LIMIT :limit"

# Neither the state nor a time changes, and no index: it costs little.
HAND_OVER: Final = """
    UPDATE jobs SET handed_over = 1 WHERE id = :id AND attempt = :attempt AND state = 'sending' RETURNING id
"""

FIND: Final = f"{ENTRY} WHERE id = :id"
FIND_TO_CHANGE: Final = f"{FIND} /*pg FOR UPDATE */"

HISTORY: Final = """
    SELECT sequence, at, transition, state, attempt, code, text, fault FROM job_changes
    WHERE job = (SELECT seq FROM jobs WHERE id = :id) ORDER BY sequence
"""

COUNTS: Final = "SELECT state, COUNT(*) AS jobs FROM jobs GROUP BY state"
COUNT_SINCE: Final = (
    "SELECT COUNT(*) AS jobs FROM jobs INDEXED BY jobs_state WHERE state = :state AND accepted >= :since"
)

HOLDS: Final = "SELECT hold, COUNT(*) AS jobs FROM jobs WHERE state = 'held' GROUP BY hold"

OLDEST: Final = """
    SELECT MIN(accepted) AS moment FROM jobs
    WHERE state = :state AND COALESCE(hold, '') NOT IN ('digest', 'quiet')
"""

_SOONEST: Final = "SELECT MIN(expires) AS moment FROM jobs"

NEXT_TRY: Final = """
    SELECT MIN(due) AS moment FROM jobs WHERE head = 1 AND recipient NOT IN (SELECT value FROM json_each(:besides))
"""

NEXT_END: Final = (
    "SELECT MIN(lease_until) AS moment FROM jobs WHERE lease_until IS NOT NULL",
    f"{_SOONEST} WHERE {_AT_REST}",
    "SELECT MIN(due) AS moment FROM jobs WHERE hold IN ('digest', 'quiet')",
)

PRUNE_JOBS: Final = """
    DELETE FROM jobs WHERE seq IN (
        SELECT seq FROM jobs WHERE open = 0 AND expires <= :before LIMIT :limit /*pg FOR UPDATE SKIP LOCKED */
    ) RETURNING seq
"""

PRUNE_KEYS: Final = """
    DELETE FROM once_keys WHERE key IN (
        SELECT key FROM once_keys WHERE seen <= :before LIMIT :limit /*pg FOR UPDATE SKIP LOCKED */
    ) RETURNING key
"""

INSERT_OUTBOX: Final = "INSERT INTO outbox (topic, key, value) VALUES (:topic, :key, :value)"
OUTBOX: Final = "SELECT id, topic, key, value FROM outbox ORDER BY id LIMIT :limit"
FORGET_OUTBOX: Final = "DELETE FROM outbox WHERE id = :id"
