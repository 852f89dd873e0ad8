"""The intake: what a helpdesk posts becomes events in the log."""
