-- Jobs that wait for the time of their digest, or for the end of quiet hours: `due` is when their hold ends.
CREATE INDEX jobs_scheduled ON jobs (due, recipient) WHERE hold IN ('digest', 'quiet');
CREATE INDEX jobs_scheduled_recipient ON jobs (recipient, due, seq) WHERE hold IN ('digest', 'quiet');
