"""Two sets of rules on the same events: who gains, who loses, what is written otherwise. Nothing is sent."""
