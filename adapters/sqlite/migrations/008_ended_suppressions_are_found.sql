-- A suppression that has ended is forgotten some days later: `ends` is the moment of its `until`.
ALTER TABLE suppressions ADD COLUMN ends INTEGER;

UPDATE suppressions SET ends = suppression_ends(body);

CREATE INDEX suppressions_ends ON suppressions (ends) WHERE ends IS NOT NULL;

-- Who was forgotten: when, by whom and why. `person` is a keyed hash.
CREATE TABLE forgotten (
    person TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    who    TEXT    NOT NULL,
    why    TEXT    NOT NULL,
    PRIMARY KEY (person, at)
) STRICT, WITHOUT ROWID;
