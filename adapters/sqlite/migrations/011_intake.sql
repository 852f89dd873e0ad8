-- The intake. What is known of a ticket: `kept` is when a post last told of it, `body` its state as JSON.
CREATE TABLE ticket_states (
    source TEXT    NOT NULL,
    ticket TEXT    NOT NULL,
    kept   INTEGER NOT NULL,
    body   BLOB    NOT NULL,
    PRIMARY KEY (source, ticket)
) STRICT;

CREATE INDEX ticket_states_kept ON ticket_states (kept);

-- Deliveries that were taken in: `event` is the id of the event that each led to, `body` the event. It is in the log.
CREATE TABLE deliveries (
    event TEXT    NOT NULL PRIMARY KEY,
    taken INTEGER NOT NULL,
    body  BLOB    NOT NULL
) STRICT;

CREATE INDEX deliveries_taken ON deliveries (taken);
