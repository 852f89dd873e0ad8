"""One way for every line, ours and those of libraries: named fields, redacted, as JSON or text, to standard error."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import structlog

from tocsin.logs.redaction import Redactor, error_in, failure_fields, is_plain
from tocsin.logs.settings import LogFormat, format_of, level_of, secrets_of
from tocsin.printing.printable import printable, printable_json

QUIET_SECONDS: Final = 60.0
MOST_KNOWN: Final = 500
"""Different words that are remembered; when there are more, all are said once again."""


class Repeats:
    """Knows what was said within the last minute, by the words before values are put in. For any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._said: dict[tuple[str, str], float] = {}

    def is_one(self, record: logging.LogRecord) -> bool:
        """Whether this was said before; from now on it was."""
        words, now = (record.name, str(record.msg)), self._monotonic()
        before = self._said.get(words)
        if before is not None and now - before < QUIET_SECONDS:
            return True
        if len(self._said) >= MOST_KNOWN:
            self._said.clear()
        self._said[words] = now
        return False


log = structlog.get_logger()

_OURS: Final = ("sender", "engine", "tocsin", "adapters", "schemas")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record of the standard library has; the rest are fields of its line."""

_OTHERWISE: Final = {"stack": "stack_", "exception": "exception_", "exc_info": "exc_info_"}
"""Names that mean something of their own to who writes the text."""
_LEVEL_OF: Final = {"exception": "error"}

Fields = dict[str, Any]
Finish = Callable[[Fields], str]


def log_to_stderr(
    level: int = logging.INFO, environment: Mapping[str, str] = os.environ, secrets: Iterable[str] = ()
) -> None:
    """Write every line of this process from `level` on to standard error. TOCSIN_LOG_LEVEL and TOCSIN_LOG_FORMAT win.

    No word of these `secrets`, nor of those in the environment, is in any line. Raises LogSettingsError.
    """
    form = format_of(environment, sys.stderr.isatty())
    # Services tell what they do; of other commands only what is amiss is of interest.
    _Form.is_of_a_service = form is LogFormat.JSON and level <= logging.INFO
    level = level_of(environment, level)
    finish = _finisher(form, Redactor(secrets_of(environment, secrets)), level)
    structlog.configure(
        processors=[lambda _logger, name, event: finish(_in_order(name, event))],
        logger_factory=lambda *_: _Lines(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    # Below `info`, libraries tell what they send and receive.
    logging.basicConfig(level=max(level, logging.INFO), handlers=[_StandardError(finish)], force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)


def tell_end(text: str, code: int) -> bool:
    """Say in a line why a service ends by itself; False where its lines are for people, who are told in words."""
    if not _Form.is_of_a_service:
        return False
    log.critical("ended", said=text, exit_code=code)
    return True


class _Form:
    """Whether this process writes the lines of a service, for programs."""

    is_of_a_service = False


def be_quiet() -> None:
    """Show only what needs somebody: for commands whose result is what they print."""
    log_to_stderr(logging.ERROR)


def _in_order(name: str, event: structlog.typing.EventDict) -> Fields:
    return {"level": _LEVEL_OF.get(name, name), "event": event.pop("event", ""), **event}


def _finisher(form: LogFormat, redactor: Redactor, level: int) -> Finish:
    """From the fields of a line to its text."""
    text = _text() if form is LogFormat.TEXT else None

    def finish(fields: Fields) -> str:
        error = error_in(fields.pop("exc_info", None))
        if error is not None:
            fields |= failure_fields(error, with_message=level <= logging.DEBUG)
        if text is not None:
            return text({"timestamp": _time()} | redactor.event(fields))
        line = _json_as_it_is(fields)
        if line is None or not redactor.is_clean(line):
            line = _json(redactor.event(fields))
        # Others' words are in it, and somebody may look at it in a terminal.
        return f'{{"timestamp":"{_time()}",{printable_json(line[1:])}'

    return finish


def _json(fields: Fields) -> str:
    return msgspec.json.encode(fields).decode()


def _json_as_it_is(fields: Fields) -> str | None:
    """One JSON object; None where a value is none that JSON knows."""
    try:
        return _json(fields) if is_plain(fields) else None
    except UnicodeEncodeError:
        return None


def _text() -> Finish:
    render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False, pad_event_to=22)

    def text(fields: Fields) -> str:
        told = {printable(name): printable(one) if isinstance(one, str) else one for name, one in fields.items()}
        # What is no text is shown as Python writes it, with escapes.
        told["event"] = printable(str(fields["event"]))
        return str(render(None, "", {_OTHERWISE.get(name, name): one for name, one in told.items()}))

    return text


def _time() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write(line: str) -> None:
    """To what is standard error at that moment. A full disk, or a reader that is gone, must not stop the work."""
    with suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201


class _Lines:
    """What structlog writes its lines to."""

    def msg(self, line: str) -> None:
        """Write one, whatever its level."""
        _write(line)

    debug = info = warning = error = critical = log = msg


class _StandardError(logging.Handler):
    """Lines of the standard library's logging, to what is standard error at that moment, also where it is replaced."""

    def __init__(self, finish: Finish) -> None:
        super().__init__()
        self._finish = finish
        self._repeats = Repeats()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, unless a library repeats itself."""
        if not record.name.startswith(_OURS) and self._repeats.is_one(record):
            return
        fields = {"level": record.levelname.lower(), "event": _message(record)}
        more = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if not record.name.startswith(_OURS):
            more["logger"] = record.name
        _write(self._finish({**fields, **more, "exc_info": record.exc_info}))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # A library's own mistake must not end who called it.
        return str(record.msg)


@contextmanager
def crashes_told() -> Iterator[None]:
    """Log an error that nobody foresaw in one line, in any thread; in the main one, it ends the process with code 1."""
    # Until a command has said how its log is to be; structlog's own way would show the values of variables.
    log_to_stderr(logging.WARNING, environment={})
    threading.excepthook = _thread_crashed
    try:
        yield
    except Exception as error:
        log.critical("crashed", exc_info=error)
        sys.exit(1)


def _thread_crashed(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        name = None if arguments.thread is None else arguments.thread.name
        log.critical("thread_crashed", thread=name, exc_info=arguments.exc_value)
