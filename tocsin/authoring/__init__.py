"""What rule authors ask before a rule is in force: is its file right, what would change, whom does it reach, and why."""
