"""The rules in force: from a rule file's content to a rulebook, and from a contract's ticks to its derived ruleset."""
