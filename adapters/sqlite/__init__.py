"""The embedded mode's storage: one SQLite file. Needs SQLite 3.37 or later, for its strict tables."""
