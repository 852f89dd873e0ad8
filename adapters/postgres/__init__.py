"""The ledger of several senders: a PostgreSQL database, 14 or later."""
