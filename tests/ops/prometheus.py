"""Where Prometheus and its tool are, and what is missing where they are not."""

from __future__ import annotations

import shutil

from tests.support.required import missing


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`. Skips the test where there is none; in CI that is a failure."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed: make prometheus")
    return found
