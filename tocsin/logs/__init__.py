"""Structured logs on standard error: ids, never addresses, texts or secrets. See docs/logs.md."""

from __future__ import annotations

from tocsin.logs.settings import LogSettingsError
from tocsin.logs.setup import be_quiet, crashes_told, log_to_stderr, tell_end

__all__ = ["LogSettingsError", "be_quiet", "crashes_told", "log_to_stderr", "tell_end"]
