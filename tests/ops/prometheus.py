"""Where Prometheus and its tool are, and what is missing where they are not."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`. Skips the test where there is none; in CI that is a failure."""
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not installed: make prometheus"
        if os.environ.get("TOCSIN_TESTS") == "complete":
            pytest.fail(message)
        pytest.skip(message)
    return found
