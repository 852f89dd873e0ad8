"""Back to the helpdesk: what became of each message is posted to it, signed, and again until it has taken it."""
