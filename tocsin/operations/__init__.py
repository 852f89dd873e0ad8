"""What operators look at and act on while services run: jobs, lag, dead letters, decisions of the past, people."""
