"""Whom the rules can reach in a directory, and whom they never will."""
