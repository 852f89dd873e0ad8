"""How commands print: text that is safe on a terminal, and tables."""
