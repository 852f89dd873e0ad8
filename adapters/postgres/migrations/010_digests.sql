-- Digests that have not gone out: what is due for their reader is collected further while they can't.
CREATE INDEX jobs_digests ON jobs (recipient) WHERE digest = 1 AND open = 1;
