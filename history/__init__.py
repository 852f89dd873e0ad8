"""What was decided, kept so that it is found: by ticket, person, contract, customer, reason and time."""
