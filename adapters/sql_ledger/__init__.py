"""The ledger in a relational database, whichever it is: its statements, its rows, and what each call does with them."""
