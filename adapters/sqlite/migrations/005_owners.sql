-- Of a job that is being sent: `owner` is the process that has it, `handed_over` says that the relay may have its content by
-- now. `freed` counts the tries that ended before that. A job without an owner is of an older version, which did not say.
ALTER TABLE jobs ADD COLUMN owner       TEXT;
ALTER TABLE jobs ADD COLUMN handed_over INTEGER NOT NULL DEFAULT 0 CHECK (handed_over IN (0, 1));
ALTER TABLE jobs ADD COLUMN freed       INTEGER NOT NULL DEFAULT 0;
