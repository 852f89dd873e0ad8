"""What can be seen of engine and sender in one process: all that they show apart, but for Kafka's part of it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.prometheus.directory_metrics import DirectoryFilesMetrics
from tocsin.services.monitoring.engine import DecidingWatch
from tocsin.services.monitoring.sender import SendingWatch


class EmbeddedWatch(DecidingWatch, SendingWatch):
    """Sees everything that `tocsin up` does, and shows it."""

    def __init__(self) -> None:
        super().__init__({})
        self._directory_files = DirectoryFilesMetrics(self.registry)

    def directory_changed(self, unreadable: Sequence[str]) -> None:
        """The directory's folder was read; these files of it can't be."""
        self._directory_files.unreadable(len(unreadable))
        self.vitals.remark("directory", unreadable)
