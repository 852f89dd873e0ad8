"""The demo: a small helpdesk of our own making, run through the real thing."""
