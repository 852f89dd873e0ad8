"""Handing messages to a mail relay by SMTP."""
