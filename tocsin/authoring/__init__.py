"""What rule authors ask before a rule is in force: is the file right, what would it change, whom does it reach, and why."""
