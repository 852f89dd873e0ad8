"""Decisions in words: who gets what, why not, and what would have to be different."""
