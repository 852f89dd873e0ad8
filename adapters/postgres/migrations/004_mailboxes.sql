-- What is kept by mailbox gets the key that its mailbox has now: two spellings of one international address are one.
-- That takes more than SQL knows: adapters/sql_ledger/respelling.py does it once this statement has been carried out.
SELECT 1;
