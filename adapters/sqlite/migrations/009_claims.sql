-- A claim passes by the jobs of mailboxes that wait without reading them, and finds texts among any number of mails.
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (due, seq, domain, recipient) WHERE head = 1;
CREATE INDEX jobs_texts_due ON jobs (domain, due, seq) WHERE head = 1 AND domain IN ('sms', 'chat');
