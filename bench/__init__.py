"""Benchmarks, each beside its own yardstick: `python -m bench NAME --json`, whose last line is one JSON object."""
