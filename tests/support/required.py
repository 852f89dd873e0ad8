"""What a test runs beside the program, and what becomes of the test where it is missing."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from adapters.browser.picture import PictureError, browser


def missing(what: str) -> NoReturn:
    """Skip the test that calls this. In CI, which is to run every test, it fails instead."""
    if os.environ.get("TOCSIN_TESTS") == "complete":
        pytest.fail(what)
    pytest.skip(what)


def required_browser() -> str:
    """The path of a browser."""
    try:
        return str(browser())
    except PictureError:
        missing("no browser is installed: make browser")
