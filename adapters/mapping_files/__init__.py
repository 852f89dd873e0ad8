"""Mapping files on disk: read as YAML, checked for shape and meaning, and built into mappings."""
