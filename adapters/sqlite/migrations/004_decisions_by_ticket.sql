-- Decisions are found by their ticket and by their event, for as long as the log keeps them: these indexes hold what the
-- topic holds, and forget what it forgets. What would be no decision is in neither by event.
CREATE INDEX log_decisions_ticket ON log_records (key, offset) WHERE topic = 'tocsin.decisions';

CREATE INDEX log_decisions_event ON log_records (
    CASE WHEN json_valid(CAST(value AS TEXT)) THEN json_extract(CAST(value AS TEXT), '$.event') END
) WHERE topic = 'tocsin.decisions';
