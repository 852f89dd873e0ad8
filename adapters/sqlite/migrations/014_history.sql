-- The history: every decision, for as long as the setting says. Moments are microseconds since 1970. `at` is when it was
-- decided; with partition and place (its offset) it is known again. `body` is its JSON.
CREATE TABLE decisions (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    part      INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    source    TEXT    NOT NULL,
    ticket    TEXT    NOT NULL,
    contract  TEXT,
    customer  TEXT,
    body      BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX decisions_place ON decisions (at, part, place);
CREATE INDEX decisions_ticket ON decisions (source, ticket, at, seq);
CREATE INDEX decisions_contract ON decisions (contract, at, seq) WHERE contract IS NOT NULL;
CREATE INDEX decisions_customer ON decisions (customer, at, seq) WHERE customer IS NOT NULL;

-- Whom a decision names. `outcome` has a bit for an alert, and one for each reason why not (history/entries.py).
CREATE TABLE decision_people (
    person   TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    decision INTEGER NOT NULL,
    outcome  INTEGER NOT NULL,
    PRIMARY KEY (person, at, decision)
) STRICT, WITHOUT ROWID;

-- Which reasons stand in a decision.
CREATE TABLE decision_reasons (
    reason   TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    decision INTEGER NOT NULL,
    PRIMARY KEY (reason, at, decision)
) STRICT, WITHOUT ROWID;

-- Counts by hour, those of rules by day. They are those of the decisions that are kept.
CREATE TABLE decision_counts (
    kind   TEXT    NOT NULL,
    starts INTEGER NOT NULL,
    name   TEXT    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, starts, name)
) STRICT, WITHOUT ROWID;

-- How far the topics were read.
CREATE TABLE decision_positions (
    topic       TEXT    NOT NULL,
    part        INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, part)
) STRICT, WITHOUT ROWID;

-- The tickets, as their newest events have them. `id_key` and `reference_key` have no capitals and no accents; `words` are
-- all words that lead to the ticket, with a blank before each. `seen` is when its newest event came; until one was read,
-- `titled` is 0, and it is when the first decision came.
CREATE TABLE decided_tickets (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    source        TEXT    NOT NULL,
    ticket        TEXT    NOT NULL,
    id_key        TEXT    NOT NULL,
    reference     TEXT,
    reference_key TEXT,
    title         TEXT,
    words         TEXT    NOT NULL,
    seen          INTEGER NOT NULL,
    titled        INTEGER NOT NULL CHECK (titled IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX decided_tickets_ticket ON decided_tickets (source, ticket);
CREATE INDEX decided_tickets_id ON decided_tickets (id_key, seq);
CREATE INDEX decided_tickets_reference ON decided_tickets (reference_key, seq) WHERE reference_key IS NOT NULL;
CREATE INDEX decided_tickets_seen ON decided_tickets (seen);

CREATE TABLE ticket_words (
    word   TEXT    NOT NULL,
    ticket INTEGER NOT NULL,
    PRIMARY KEY (word, ticket)
) STRICT, WITHOUT ROWID;

-- Of how many tickets each word is.
CREATE TABLE word_counts (
    word    TEXT    NOT NULL PRIMARY KEY,
    tickets INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
