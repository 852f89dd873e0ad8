-- What keeps due jobs back, as each sender tells of it while it lasts: `name` is `relay` or a domain, `told` when it was said.
CREATE TABLE waits (
    owner TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    until INTEGER NOT NULL,
    told  INTEGER NOT NULL,
    PRIMARY KEY (owner, name)
) WITHOUT ROWID;
