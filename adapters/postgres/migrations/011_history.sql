-- The history: every decision, for as long as the setting says. Moments are microseconds since 1970. `at` is when it was
-- decided; with partition and place (its offset) it is known again. `body` is its JSON.
CREATE TABLE decisions (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        bigint NOT NULL,
    part      bigint NOT NULL,
    place     bigint NOT NULL,
    source    text COLLATE "C" NOT NULL,
    ticket    text COLLATE "C" NOT NULL,
    contract  text COLLATE "C",
    customer  text COLLATE "C",
    body      bytea NOT NULL
);

CREATE UNIQUE INDEX decisions_place ON decisions (at, part, place);
CREATE INDEX decisions_ticket ON decisions (source, ticket, at, seq);
CREATE INDEX decisions_contract ON decisions (contract, at, seq) WHERE contract IS NOT NULL;
CREATE INDEX decisions_customer ON decisions (customer, at, seq) WHERE customer IS NOT NULL;

-- Whom a decision names. `outcome` has a bit for an alert, and one for each reason why not (history/entries.py).
CREATE TABLE decision_people (
    person   text COLLATE "C" NOT NULL,
    at       bigint NOT NULL,
    decision bigint NOT NULL,
    outcome  bigint NOT NULL,
    PRIMARY KEY (person, at, decision) INCLUDE (outcome)
);

-- Which reasons stand in a decision.
CREATE TABLE decision_reasons (
    reason   text COLLATE "C" NOT NULL,
    at       bigint NOT NULL,
    decision bigint NOT NULL,
    PRIMARY KEY (reason, at, decision)
);

-- Counts by hour, those of rules by day. They are those of the decisions that are kept.
CREATE TABLE decision_counts (
    kind   text COLLATE "C" NOT NULL,
    starts bigint NOT NULL,
    name   text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (kind, starts, name)
);

-- How far the topics were read.
CREATE TABLE decision_positions (
    topic       text COLLATE "C" NOT NULL,
    part        bigint NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, part)
);

-- The tickets, as their newest events have them. `id_key` and `reference_key` have no capitals and no accents; `words` are
-- all words that lead to the ticket, with a blank before each. `seen` is when its newest event came; until one was read,
-- `titled` is 0, and it is when the first decision came.
CREATE TABLE decided_tickets (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source        text COLLATE "C" NOT NULL,
    ticket        text COLLATE "C" NOT NULL,
    id_key        text COLLATE "C" NOT NULL,
    reference     text COLLATE "C",
    reference_key text COLLATE "C",
    title         text COLLATE "C",
    words         text COLLATE "C" NOT NULL,
    seen          bigint NOT NULL,
    titled        bigint NOT NULL CHECK (titled IN (0, 1))
);

CREATE UNIQUE INDEX decided_tickets_ticket ON decided_tickets (source, ticket);
CREATE INDEX decided_tickets_id ON decided_tickets (id_key, seq);
CREATE INDEX decided_tickets_reference ON decided_tickets (reference_key, seq) WHERE reference_key IS NOT NULL;
CREATE INDEX decided_tickets_seen ON decided_tickets (seen);

CREATE TABLE ticket_words (
    word   text COLLATE "C" NOT NULL,
    ticket bigint NOT NULL,
    PRIMARY KEY (word, ticket)
);

-- Of how many tickets each word is.
CREATE TABLE word_counts (
    word    text COLLATE "C" NOT NULL PRIMARY KEY,
    tickets bigint NOT NULL
);
