"""What is kept of a person: who they are, where they are named, and how they are forgotten."""
