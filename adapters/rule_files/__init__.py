"""Rule files on disk: YAML with the place of every value, so that each fault has a file, line and column."""
