-- What helpdesks are told by webhook. `id` is the `webhook-id`, `seq` the order in which posts of a ticket go to an endpoint.
-- `head` marks the oldest open post of each endpoint and ticket: only heads are tried. `due` is the time of the next try,
-- `lease_until` the end of the present one; `attempts` counts tries. `made`, `changed`: moments, in microseconds since 1970.
CREATE TABLE outcome_posts (
    seq         bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          text COLLATE "C" NOT NULL UNIQUE,
    endpoint    text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    ticket      text COLLATE "C" NOT NULL,
    event       text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    state       text COLLATE "C" NOT NULL,
    open        smallint NOT NULL CHECK (open IN (0, 1)),
    head        smallint NOT NULL CHECK (head IN (0, open)),
    attempts    integer NOT NULL,
    made        bigint NOT NULL,
    changed     bigint NOT NULL,
    due         bigint NOT NULL,
    lease_until bigint,
    said        text COLLATE "C",
    body        bytea NOT NULL
);

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
    endpoint  text COLLATE "C" NOT NULL,
    source    text COLLATE "C" NOT NULL,
    event     text COLLATE "C" NOT NULL,
    ticket    text COLLATE "C" NOT NULL,
    reference text COLLATE "C",
    since     bigint NOT NULL,
    due       bigint,
    told      text COLLATE "C" NOT NULL,
    posts     integer NOT NULL,
    changed   bigint NOT NULL,
    PRIMARY KEY (endpoint, source, event)
);

CREATE INDEX outcome_sums_due ON outcome_sums (due) WHERE due IS NOT NULL;
CREATE INDEX outcome_sums_changed ON outcome_sums (changed) WHERE due IS NULL;

-- The newest that was heard of each job of such a save.
CREATE TABLE outcome_parts (
    endpoint text COLLATE "C" NOT NULL,
    source   text COLLATE "C" NOT NULL,
    event    text COLLATE "C" NOT NULL,
    job      text COLLATE "C" NOT NULL,
    sequence integer NOT NULL,
    body     bytea NOT NULL,
    PRIMARY KEY (endpoint, source, event, job)
);

-- Endpoints that want no posts any more: `place` is a hash of the URL that said so.
CREATE TABLE outcome_endpoints (
    endpoint text COLLATE "C" NOT NULL PRIMARY KEY,
    place    text COLLATE "C" NOT NULL,
    since    bigint NOT NULL,
    why      text COLLATE "C" NOT NULL
);
