"""What is kept of a person: found, written into a file for them, and forgotten."""
