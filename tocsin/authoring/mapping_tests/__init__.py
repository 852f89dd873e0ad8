"""Tests of mapping files: read, and run on the mapping beside them."""
