"""Metrics of the directory: how much there is, how fresh it is, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from adapters.prometheus.bounded import BoundedLabel
from schemas.directory import RECORD_KINDS

UNNAMED: Final = "unknown"
"""The kind of records whose key names none."""


class DirectoryMetrics:
    """The directory's metrics on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._records = Gauge("tocsin_directory_records", "Records in memory.", registry=registry)
        self._read = Gauge(
            "tocsin_directory_read_timestamp_seconds",
            "When the directory was last read to its end: it is as fresh as this. At first, when the process started.",
            registry=registry,
        )
        self._read.set_to_current_time()
        self._problems = Counter(
            "tocsin_directory_problems",
            "Records and modes that can't be used, keys and words that mean nothing, by class.",
            ["code"],
            registry=registry,
        )
        self._unreadable = Gauge(
            "tocsin_directory_unreadable_records",
            "Records that are there and can't be read: whoever they might alert waits until they are mended.",
            ["kind"],
            registry=registry,
        )
        for kind in (*RECORD_KINDS, UNNAMED):
            self._unreadable.labels(kind).set(0)
        self._codes = BoundedLabel()
        self._told: dict[str, int] = {}

    def read(self, records: int, unreadable: Mapping[str, int], problems: Mapping[str, int], at: float) -> None:
        """The directory was read to its end, at this time of the Unix clock.

        `unreadable` counts records that can't be read, by kind; `problems` all that was refused since the start.
        """
        self._records.set(records)
        for kind, number in unreadable.items():
            self._unreadable.labels(kind).set(number)
        self._read.set(at)
        for code, number in problems.items():
            self._problems.labels(self._codes.of(code)).inc(number - self._told.get(code, 0))
        self._told = dict(problems)


class DirectoryFilesMetrics:
    """Of a directory in a folder: which files can't be read as they are now."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._unreadable = Gauge(
            "tocsin_directory_unreadable_files",
            "Files of the directory that can't be read as they are now; their last good content stays in force.",
            registry=registry,
        )

    def unreadable(self, files: int) -> None:
        """So many can't be read."""
        self._unreadable.set(files)
