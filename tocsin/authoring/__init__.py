"""What rule authors ask before a rule is in force: is its file right, what changes, whom does it reach, and why."""
