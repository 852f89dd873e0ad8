-- The intake. What is known of a ticket: `kept` is when a post last told of it, `body` its state as JSON.
CREATE TABLE ticket_states (
    source text   COLLATE "C" NOT NULL,
    ticket text   COLLATE "C" NOT NULL,
    kept   bigint NOT NULL,
    body   bytea  NOT NULL,
    PRIMARY KEY (source, ticket)
);

CREATE INDEX ticket_states_kept ON ticket_states (kept);

-- Deliveries that were taken in: `event` is the id of the event that each led to, `body` the event. `waits` says that it is
-- not yet in the log. Events of one ticket go there by `seq`, which is their order: whoever takes one has reserved the ticket.
CREATE TABLE deliveries (
    seq    bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event  text     COLLATE "C" NOT NULL UNIQUE,
    source text     COLLATE "C" NOT NULL,
    ticket text     COLLATE "C" NOT NULL,
    taken  bigint   NOT NULL,
    waits  smallint NOT NULL CHECK (waits IN (0, 1)),
    body   bytea    NOT NULL
);

CREATE INDEX deliveries_taken ON deliveries (taken) WHERE waits = 0;
CREATE INDEX deliveries_waiting ON deliveries (source, ticket, seq) WHERE waits = 1;
CREATE INDEX deliveries_oldest ON deliveries (seq) WHERE waits = 1;
