-- The event log: Kafka's topics, offsets and groups, with one partition a topic. Moments are microseconds since 1970.
CREATE TABLE log_records (
    topic     TEXT    NOT NULL,
    offset    INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    key       BLOB,
    value     BLOB,
    headers   BLOB    NOT NULL,
    PRIMARY KEY (topic, offset)
) STRICT;

-- The offset of each topic's next record. It is kept apart, so that pruning never makes an offset be given twice.
CREATE TABLE log_ends (
    topic       TEXT    NOT NULL PRIMARY KEY,
    next_offset INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each group has read.
CREATE TABLE log_positions (
    group_id    TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (group_id, topic)
) STRICT, WITHOUT ROWID;
