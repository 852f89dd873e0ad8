-- Of a job that is being sent: `owner` is the process that has it, `handed_over` says that the relay may have its content by
-- now. `freed` counts the tries that ended before that. A job without an owner is of an older version, which did not say.
-- As long as a process lives, its session holds the advisory lock of its name.
ALTER TABLE jobs
    ADD COLUMN owner       text     COLLATE "C",
    ADD COLUMN handed_over smallint NOT NULL DEFAULT 0 CHECK (handed_over IN (0, 1)),
    ADD COLUMN freed       integer  NOT NULL DEFAULT 0;
