"""What was known of a ticket before a post: with it, what the post says becomes an event."""
