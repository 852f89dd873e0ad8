"""Posts of outcomes in a relational database, whichever it is: in that of the ledger, but in tables of their own."""
