"""Which rules match recorded events: how many, which tickets, for whom, and what keeps a rule from the others."""
