-- The people of the console. `roles` are words with blanks between them, `customers` a list as JSON; null: all customers.
-- `password` is a hash; null: nobody has chosen one.
CREATE TABLE console_accounts (
    name      TEXT    NOT NULL PRIMARY KEY,
    roles     TEXT    NOT NULL,
    customers TEXT,
    password  TEXT,
    disabled  INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    language  TEXT,
    time_zone TEXT,
    added     INTEGER NOT NULL
) STRICT;

-- Links by which somebody chooses a password. `name` is null for the first person of all.
CREATE TABLE console_invitations (
    digest TEXT    NOT NULL PRIMARY KEY,
    name   TEXT,
    until  INTEGER NOT NULL
) STRICT;

CREATE TABLE console_sessions (
    digest TEXT    NOT NULL PRIMARY KEY,
    name   TEXT    NOT NULL,
    began  INTEGER NOT NULL,
    seen   INTEGER NOT NULL,
    device TEXT    NOT NULL
) STRICT;

CREATE INDEX console_sessions_name ON console_sessions (name, seen);
CREATE INDEX console_sessions_seen ON console_sessions (seen);

-- Who did what.
CREATE TABLE console_journal (
    place   INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    who     TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    client  TEXT    NOT NULL
) STRICT;

CREATE INDEX console_journal_at ON console_journal (at);
CREATE INDEX console_journal_who ON console_journal (who, place);
CREATE INDEX console_journal_subject ON console_journal (subject, place);
