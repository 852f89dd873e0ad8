"""Rule files on disk: YAML with the place of every value, so that each fault is named with file, line and column."""
