"""The family of errors, with the exit code of a command that ends with one of them.

    TocsinError
    ├── InputError          1   what somebody wrote can't be used: an event, a record, a rule file, a template
    ├── UnusableError       3   a file, a service or a place that is needed can't be used, now or at all
    └── WrongSettingError   5   a setting can't be used

All errors of all packages are below these three. So a caller catches what it can mend, and the command line turns the
rest into words in one place (`tocsin/cli/failures.py`). Where other code expects one of Python's own exceptions, an
error is that too: RefusedError is a ValueError. Exceptions that no caller sees as a failure are not below these.
"""

from __future__ import annotations

from typing import ClassVar


class TocsinError(Exception):
    """Something went wrong that can be named. Its text says what, where, and what to do."""

    exit_code: ClassVar[int]
    """The exit code of a command, see `tocsin --help`."""

    @property
    def told(self) -> tuple[str, ...]:
        """Its lines for the person who started the command. A line may hold what others wrote, unchanged."""
        return tuple(str(self).split("\n"))


class InputError(TocsinError):
    """What somebody wrote can't be used; with the same input it fails again."""

    exit_code = 1


class UnusableError(TocsinError):
    """A file, a service or a place that is needed can't be used. It may work later."""

    exit_code = 3


class WrongSettingError(TocsinError):
    """A setting, or several together, can't be used."""

    exit_code = 5
