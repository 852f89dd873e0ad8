"""Mails that come back: what they claim, and what follows once that is proved."""
