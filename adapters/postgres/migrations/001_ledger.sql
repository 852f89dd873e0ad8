-- The sender's ledger, as adapters/ledger knows it. Moments are microseconds since 1970, in UTC (for people:
-- to_timestamp(due / 1e6)); flags are 0 and 1. Texts are compared by their bytes, wherever the database was made.

-- `seq` is the order of acceptance within a mailbox. `body` is the job's JSON. `in_lane`: later jobs of the lane wait for
-- this one: it is open, and no carrier of the same lane stands there for it. `head` marks the oldest job in each lane, so
-- that what can be claimed is found by an index, however many jobs wait behind. `recipient` and `saved_at` are whom and
-- when a storm buries; a dropped job has no `saved_at`, since it counts for none. `template` is that under which it goes
-- out. `carrier` is the `seq` of the job whose digest lists it, while that is open. `accepted` and `changed` are the
-- moments of its first and last change.
CREATE TABLE jobs (
    seq         bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    due         bigint,
    lease_until bigint,
    expires     bigint   NOT NULL,
    saved_at    bigint,
    accepted    bigint   NOT NULL,
    changed     bigint   NOT NULL,
    carrier     bigint,
    attempt     integer  NOT NULL,
    unknowns    integer  NOT NULL,
    faults      integer  NOT NULL,
    changes     integer  NOT NULL,
    open        smallint NOT NULL CHECK (open IN (0, 1)),
    in_lane     smallint NOT NULL CHECK (in_lane IN (0, open)),
    head        smallint NOT NULL CHECK (head IN (0, in_lane)),
    diverted    smallint NOT NULL CHECK (diverted IN (0, 1)),
    released    smallint NOT NULL CHECK (released IN (0, 1)),
    digest      smallint NOT NULL CHECK (digest IN (0, 1)),
    id          text     COLLATE "C" NOT NULL UNIQUE,
    lane        text     COLLATE "C" NOT NULL,
    recipient   text     COLLATE "C" NOT NULL,
    state       text     COLLATE "C" NOT NULL,
    hold        text     COLLATE "C",
    ticket      text     COLLATE "C" NOT NULL,
    person      text     COLLATE "C" NOT NULL,
    customer    text     COLLATE "C",
    template    text     COLLATE "C" NOT NULL,
    domain      text     COLLATE "C" NOT NULL,
    body        bytea    NOT NULL,
    CHECK (due IS NULL OR lease_until IS NULL)
) WITH (
    -- The job's JSON stands apart from the row, which a change then writes anew without it.
    toast_tuple_target = 256,
    -- A job changes some five times, and is forgotten. Cleaned up after little, so that the table stays small.
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.05
);

CREATE UNIQUE INDEX jobs_one_head ON jobs (lane) WHERE head = 1;
CREATE INDEX jobs_lane ON jobs (lane, seq) WHERE in_lane = 1;
CREATE INDEX jobs_due ON jobs (due, seq, domain) WHERE head = 1;
CREATE INDEX jobs_lease ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_overdue ON jobs (expires) WHERE open = 1 AND lease_until IS NULL;
CREATE INDEX jobs_finished ON jobs (expires) WHERE open = 0;
CREATE INDEX jobs_state ON jobs (state, accepted);
CREATE INDEX jobs_ticket ON jobs (ticket, accepted);
CREATE INDEX jobs_person ON jobs (person, accepted);
CREATE INDEX jobs_accepted ON jobs (accepted);
CREATE INDEX jobs_saves ON jobs (recipient, saved_at);
CREATE INDEX jobs_in_storm ON jobs (recipient, seq) WHERE hold = 'storm';
CREATE INDEX jobs_paused_customer ON jobs (customer, seq) WHERE hold = 'paused';
CREATE INDEX jobs_paused_template ON jobs (template, seq) WHERE hold = 'paused';
CREATE INDEX jobs_bundled ON jobs (carrier, seq) WHERE carrier IS NOT NULL;

-- Every change of a job.
CREATE TABLE job_changes (
    job        bigint  NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    at         bigint  NOT NULL,
    sequence   integer NOT NULL,
    attempt    integer NOT NULL,
    code       integer,
    transition text    COLLATE "C" NOT NULL,
    state      text    COLLATE "C" NOT NULL,
    text       text    COLLATE "C",
    fault      text    COLLATE "C",
    PRIMARY KEY (job, sequence)
);

-- Which event claimed a `once` key. `seen` is when a job last asked for it.
CREATE TABLE once_keys (
    key    text   COLLATE "C" PRIMARY KEY,
    source text   COLLATE "C" NOT NULL,
    event  text   COLLATE "C" NOT NULL,
    seen   bigint NOT NULL
);

CREATE INDEX once_keys_seen ON once_keys (seen);

-- Recipients who are in a storm: since when, and when a job for them came last.
CREATE TABLE storms (
    recipient text   COLLATE "C" PRIMARY KEY,
    since     bigint NOT NULL,
    joined    bigint NOT NULL
);

CREATE INDEX storms_since ON storms (since);
CREATE INDEX storms_joined ON storms (joined);

-- Who is not to be alerted. `body` is the record's JSON; `mailbox` its address, no case, no blanks around.
CREATE TABLE suppressions (
    id      text  COLLATE "C" PRIMARY KEY,
    mailbox text  COLLATE "C",
    person  text  COLLATE "C",
    body    bytea NOT NULL
);

CREATE INDEX suppressions_mailbox ON suppressions (mailbox) WHERE mailbox IS NOT NULL;
CREATE INDEX suppressions_person ON suppressions (person) WHERE person IS NOT NULL;

-- What goes out to nobody for now.
CREATE TABLE pauses (
    kind   text   COLLATE "C" NOT NULL CHECK (kind IN ('customer', 'template')),
    name   text   COLLATE "C" NOT NULL,
    since  bigint NOT NULL,
    reason text   COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, name)
);

-- Records that are still to be published. `id` is never given twice, and grows in the order of each job's changes.
CREATE TABLE outbox (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text   COLLATE "C" NOT NULL,
    key   bytea,
    value bytea
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);
