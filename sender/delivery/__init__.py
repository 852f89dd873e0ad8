"""From the ledger to the relay: what may go now, each try, and what an answer means for the next."""
