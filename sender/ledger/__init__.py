"""The ledger as the sender sees it: its port, and what it is asked and told."""
