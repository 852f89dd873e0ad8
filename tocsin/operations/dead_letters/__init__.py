"""Records that could not be decided or delivered: found, shown, and sent again."""
