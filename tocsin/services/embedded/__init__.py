"""Embedded mode: engine and sender in one process, on one file."""
