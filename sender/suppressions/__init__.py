"""Who must not be alerted any more, and how people say so themselves."""
