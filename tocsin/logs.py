"""Structured logs on standard error: ids, never addresses or texts."""

from __future__ import annotations

import logging
import sys

import structlog


def log_to_stderr(level: int = logging.INFO) -> None:
    """One line of key=value pairs for each event, also for libraries that use the standard library's logging."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], sort_keys=False)
    structlog.configure(
        processors=[*shared, render],
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    handler = _StandardError()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_plain, render]))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def be_quiet() -> None:
    """Show only what needs somebody: for commands whose result is what they print."""
    log_to_stderr(logging.ERROR)


class _StandardError(logging.Handler):
    """Writes to what is standard error at that moment, also where it is replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        print(self.format(record), file=sys.stderr)  # noqa: T201 - this is where logs go


def _plain(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: value for key, value in event.items() if not key.startswith("_")}
