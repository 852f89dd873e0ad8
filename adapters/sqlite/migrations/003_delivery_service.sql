-- The ledger of a delivery service: storms and digests, suppressions, pauses, an outbox, lists of jobs.
-- The functions job_… are this program's: they read the job's JSON.
--
-- `in_lane`: later jobs of the lane wait for this one. It is open, and no carrier of the same lane stands there for it.
-- `recipient` and `saved_at` are whom and when a storm buries; a dropped job has no `saved_at`, since it counts for none.
-- `template` is that under which it goes out. `carrier` is the `seq` of the job whose digest lists it, while that is open.
-- `accepted` and `changed` are the moments of its first and last change.
ALTER TABLE jobs ADD COLUMN in_lane   INTEGER NOT NULL DEFAULT 0 CHECK (in_lane IN (0, open));
ALTER TABLE jobs ADD COLUMN hold      TEXT;
ALTER TABLE jobs ADD COLUMN released  INTEGER NOT NULL DEFAULT 0 CHECK (released IN (0, 1));
ALTER TABLE jobs ADD COLUMN digest    INTEGER NOT NULL DEFAULT 0 CHECK (digest IN (0, 1));
ALTER TABLE jobs ADD COLUMN carrier   INTEGER;
ALTER TABLE jobs ADD COLUMN ticket    TEXT    NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN person    TEXT    NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN customer  TEXT;
ALTER TABLE jobs ADD COLUMN template  TEXT    NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN domain    TEXT    NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN recipient TEXT    NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN saved_at  INTEGER;
ALTER TABLE jobs ADD COLUMN accepted  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN changed   INTEGER NOT NULL DEFAULT 0;

UPDATE jobs SET
    in_lane   = open,
    hold      = CASE state WHEN 'held' THEN 'person' END,
    ticket    = job_ticket(body),
    person    = job_person(body),
    customer  = job_customer(body),
    template  = CASE diverted WHEN 1 THEN COALESCE(job_other_template(body), job_template(body)) ELSE job_template(body) END,
    domain    = job_domain(body),
    recipient = job_recipient(body),
    saved_at  = CASE state WHEN 'dropped' THEN NULL ELSE job_saved_at(body) END,
    accepted  = COALESCE((SELECT at FROM job_changes WHERE job = jobs.seq ORDER BY sequence LIMIT 1), 0),
    changed   = COALESCE((SELECT at FROM job_changes WHERE job = jobs.seq ORDER BY sequence DESC LIMIT 1), 0);

DROP INDEX jobs_lane;
DROP INDEX jobs_due;
DROP INDEX jobs_state;
CREATE INDEX jobs_lane ON jobs (lane, seq) WHERE in_lane = 1;
CREATE INDEX jobs_due ON jobs (due, seq, domain) WHERE head = 1;
CREATE INDEX jobs_state ON jobs (state, accepted);
CREATE INDEX jobs_ticket ON jobs (ticket, accepted);
CREATE INDEX jobs_person ON jobs (person, accepted);
CREATE INDEX jobs_accepted ON jobs (accepted);
CREATE INDEX jobs_saves ON jobs (recipient, saved_at);
CREATE INDEX jobs_in_storm ON jobs (recipient, seq) WHERE hold = 'storm';
CREATE INDEX jobs_paused_customer ON jobs (customer, seq) WHERE hold = 'paused';
CREATE INDEX jobs_paused_template ON jobs (template, seq) WHERE hold = 'paused';
CREATE INDEX jobs_bundled ON jobs (carrier, seq) WHERE carrier IS NOT NULL;

-- Recipients who are in a storm: since when, and when a job for them came last.
CREATE TABLE storms (
    recipient TEXT    NOT NULL PRIMARY KEY,
    since     INTEGER NOT NULL,
    joined    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX storms_since ON storms (since);
CREATE INDEX storms_joined ON storms (joined);

-- Who is not to be alerted. `body` is the record's JSON; `mailbox` its address, no case, no blanks around.
CREATE TABLE suppressions (
    id      TEXT NOT NULL PRIMARY KEY,
    mailbox TEXT,
    person  TEXT,
    body    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX suppressions_mailbox ON suppressions (mailbox) WHERE mailbox IS NOT NULL;
CREATE INDEX suppressions_person ON suppressions (person) WHERE person IS NOT NULL;

-- What goes out to nobody for now.
CREATE TABLE pauses (
    kind   TEXT    NOT NULL CHECK (kind IN ('customer', 'template')),
    name   TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Records that are still to be published. `id` is never given twice.
CREATE TABLE outbox (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key   BLOB,
    value BLOB
) STRICT;
