"""A mailbox to look into: an SMTP server on this machine that keeps what it gets as files."""
