-- The people of the console. `roles` are words with blanks between them, `customers` a list as JSON; null: all customers.
-- `password` is a hash; null: nobody has chosen one.
CREATE TABLE console_accounts (
    name      text   COLLATE "C" NOT NULL PRIMARY KEY,
    roles     text   COLLATE "C" NOT NULL,
    customers text COLLATE "C",
    password  text COLLATE "C",
    disabled  smallint NOT NULL CHECK (disabled IN (0, 1)),
    language  text COLLATE "C",
    time_zone text COLLATE "C",
    added     bigint NOT NULL
);

-- Links by which somebody chooses a password. `name` is null for the first person of all.
CREATE TABLE console_invitations (
    digest text   COLLATE "C" NOT NULL PRIMARY KEY,
    name   text COLLATE "C",
    until  bigint NOT NULL
);

CREATE TABLE console_sessions (
    digest text   COLLATE "C" NOT NULL PRIMARY KEY,
    name   text   COLLATE "C" NOT NULL,
    began  bigint NOT NULL,
    seen   bigint NOT NULL,
    device text   COLLATE "C" NOT NULL
);

CREATE INDEX console_sessions_name ON console_sessions (name, seen);
CREATE INDEX console_sessions_seen ON console_sessions (seen);

-- Who did what.
CREATE TABLE console_journal (
    place   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      bigint NOT NULL,
    who     text   COLLATE "C" NOT NULL,
    action  text   COLLATE "C" NOT NULL,
    subject text   COLLATE "C" NOT NULL,
    detail  text   COLLATE "C" NOT NULL,
    client  text   COLLATE "C" NOT NULL
);

CREATE INDEX console_journal_at ON console_journal (at);
CREATE INDEX console_journal_who ON console_journal (who, place);
CREATE INDEX console_journal_subject ON console_journal (subject, place);
