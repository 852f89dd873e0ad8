"""The family of errors: what a command ends with where one of them comes up to it.

    TocsinError
    ├── InputError          1   what somebody wrote can't be used: an event, a record, a rule file, a template
    ├── UnusableError       3   a file, a service or a place that is needed can't be used, now or at all
    └── WrongSettingError   5   a setting can't be used

All of a package are below one of these three, so that whoever calls catches what it can mend, and the command line
turns the rest into words in one place (`tocsin/cli/failures.py`). Where code outside expects one of Python's own, an
error is that too, as RefusedError is a ValueError. Not below them are signals that no caller sees as a failure.
"""

from __future__ import annotations

from typing import ClassVar


class TocsinError(Exception):
    """Something went wrong that can be named. Its text says what, where, and what to do."""

    exit_code: ClassVar[int]
    """What a command ends with, see `tocsin --help`."""

    @property
    def told(self) -> tuple[str, ...]:
        """Its lines for the person who started the command. A line may hold what others wrote, as it is."""
        return tuple(str(self).split("\n"))


class InputError(TocsinError):
    """What somebody wrote can't be used; with the same input it fails again."""

    exit_code = 1


class UnusableError(TocsinError):
    """A file, a service or a place that is needed can't be used. It may be possible later."""

    exit_code = 3


class WrongSettingError(TocsinError):
    """A setting, or several together, can't be used."""

    exit_code = 5
