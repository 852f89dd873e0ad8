-- What helpdesks are told by webhook. `id` is the `webhook-id`, `seq` the order in which posts of a ticket go to an endpoint.
-- `head` marks the oldest open post of each endpoint and ticket: only heads are tried. `due` is the time of the next try,
-- `lease_until` the end of the present one; `attempts` counts tries. `made`, `changed`: moments, in microseconds since 1970.
CREATE TABLE outcome_posts (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE,
    endpoint    TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    ticket      TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    open        INTEGER NOT NULL CHECK (open IN (0, 1)),
    head        INTEGER NOT NULL CHECK (head IN (0, open)),
    attempts    INTEGER NOT NULL,
    made        INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    due         INTEGER NOT NULL,
    lease_until INTEGER,
    said        TEXT,
    body        BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX outcome_posts_one_head ON outcome_posts (endpoint, source, ticket) WHERE head = 1;
CREATE INDEX outcome_posts_lane ON outcome_posts (endpoint, source, ticket, seq) WHERE open = 1;
CREATE INDEX outcome_posts_due ON outcome_posts (endpoint, due, seq) WHERE head = 1;
CREATE INDEX outcome_posts_waiting ON outcome_posts (endpoint, made) WHERE open = 1;
CREATE INDEX outcome_posts_made ON outcome_posts (made) WHERE open = 1;
CREATE INDEX outcome_posts_ended ON outcome_posts (changed) WHERE open = 0;
CREATE INDEX outcome_posts_given_up ON outcome_posts (endpoint) WHERE state = 'given_up';
CREATE INDEX outcome_posts_ticket ON outcome_posts (ticket, seq);

-- Saves that are summed for an endpoint: `due` is when to look at one again, `told` what of it was posted.
CREATE TABLE outcome_sums (
    endpoint  TEXT    NOT NULL,
    source    TEXT    NOT NULL,
    event     TEXT    NOT NULL,
    ticket    TEXT    NOT NULL,
    reference TEXT,
    since     INTEGER NOT NULL,
    due       INTEGER,
    told      TEXT    NOT NULL,
    posts     INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    PRIMARY KEY (endpoint, source, event)
) STRICT, WITHOUT ROWID;

CREATE INDEX outcome_sums_due ON outcome_sums (due) WHERE due IS NOT NULL;
CREATE INDEX outcome_sums_changed ON outcome_sums (changed) WHERE due IS NULL;

-- The newest that was heard of each job of such a save.
CREATE TABLE outcome_parts (
    endpoint TEXT    NOT NULL,
    source   TEXT    NOT NULL,
    event    TEXT    NOT NULL,
    job      TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    PRIMARY KEY (endpoint, source, event, job)
) STRICT, WITHOUT ROWID;

-- Endpoints that want no posts any more: `place` is a hash of the URL that said so.
CREATE TABLE outcome_endpoints (
    endpoint TEXT    NOT NULL PRIMARY KEY,
    place    TEXT    NOT NULL,
    since    INTEGER NOT NULL,
    why      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
