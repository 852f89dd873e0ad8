"""The history in a relational database, whichever it is: its statements, and what each call does with them."""
