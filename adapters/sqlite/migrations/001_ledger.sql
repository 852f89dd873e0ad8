-- The sender's ledger. Moments are microseconds since 1970, in UTC.
-- `seq` is the order of acceptance. `head` marks the oldest open job of each lane, so that what can be claimed is
-- found by an index, however many jobs wait behind. `body` is the job's JSON.
CREATE TABLE jobs (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE,
    lane        TEXT    NOT NULL,
    open        INTEGER NOT NULL CHECK (open IN (0, 1)),
    head        INTEGER NOT NULL CHECK (head IN (0, open)),
    state       TEXT    NOT NULL,
    due         INTEGER,
    lease_until INTEGER,
    expires     INTEGER NOT NULL,
    diverted    INTEGER NOT NULL CHECK (diverted IN (0, 1)),
    attempt     INTEGER NOT NULL,
    unknowns    INTEGER NOT NULL,
    faults      INTEGER NOT NULL,
    changes     INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    CHECK (due IS NULL OR lease_until IS NULL)
) STRICT;

CREATE UNIQUE INDEX jobs_one_head ON jobs (lane) WHERE head = 1;
CREATE INDEX jobs_lane ON jobs (lane, seq) WHERE open = 1;
CREATE INDEX jobs_due ON jobs (due, seq) WHERE head = 1;
CREATE INDEX jobs_lease ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_overdue ON jobs (expires) WHERE open = 1 AND lease_until IS NULL;
CREATE INDEX jobs_finished ON jobs (expires) WHERE open = 0;
CREATE INDEX jobs_state ON jobs (state);

-- Every change of a job. `id` grows with every change of any job, and is never given twice.
CREATE TABLE job_changes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    job        INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    sequence   INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    transition TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    code       INTEGER,
    text       TEXT,
    fault      TEXT,
    UNIQUE (job, sequence)
) STRICT;

-- Which event claimed a `once` key. `seen` is when a job last asked for it.
CREATE TABLE once_keys (
    key    TEXT    NOT NULL PRIMARY KEY,
    source TEXT    NOT NULL,
    event  TEXT    NOT NULL,
    seen   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX once_keys_seen ON once_keys (seen);
