-- A suppression that has ended is forgotten some days later: `ends` is the moment of its `until`.
ALTER TABLE suppressions ADD COLUMN ends bigint;

UPDATE suppressions
    SET ends = (extract(epoch FROM (convert_from(body, 'UTF8')::json ->> 'until')::timestamptz) * 1000000)::bigint;

CREATE INDEX suppressions_ends ON suppressions (ends) WHERE ends IS NOT NULL;

-- Who was forgotten: when, by whom and why. `person` is a keyed hash.
CREATE TABLE forgotten (
    person text   COLLATE "C" NOT NULL,
    at     bigint NOT NULL,
    who    text   COLLATE "C" NOT NULL,
    why    text   COLLATE "C" NOT NULL,
    PRIMARY KEY (person, at)
);
