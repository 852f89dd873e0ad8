"""Who is attached to what: the directory in memory, changed record by record."""
