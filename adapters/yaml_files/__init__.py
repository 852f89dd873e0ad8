"""YAML files that people write, with the place of every value, so that each fault has a file, line and column."""
