"""What previews on Kafka are decided by: the directory's topics and the rule file, followed by one thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from adapters.kafka.directory_topic import DirectoryTopic
from adapters.kafka.settings import KafkaSettings
from engine.directory.directory import Directory
from schemas.pseudonyms import Pseudonyms
from tocsin.services.intake.previewing import Deciding, Previews
from tocsin.services.reload.rules_in_force import ReloadingRules


class PreviewSettings(Struct, frozen=True):
    """The rule file, and what recognises suppressions of people who were forgotten."""

    rules: Path | None
    pseudonyms: Pseudonyms


class _AsRead:
    """A DirectorySource of the directory as it was last read."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def current(self) -> Directory:
        return self._directory


class FollowedPreviews:
    """Opens previews once the directory has been read, and keeps up. `follow` belongs to one thread."""

    def __init__(
        self, kafka: KafkaSettings, settings: PreviewSettings, previews: Previews, between: Callable[[], None]
    ) -> None:
        """Load the rules; `between`: see TopicReader. Raises FaultyFileError where they can't be used."""
        self._kafka = kafka
        self._pseudonyms = settings.pseudonyms
        self._previews = previews
        self._between = between
        self._topic: DirectoryTopic | None = None
        self._is_open = False
        self._rules = ReloadingRules(settings.rules, lambda _rules: None)

    def follow(self) -> None:
        """Read what has changed since the last time. Raises KafkaUnavailableError and KafkaRefusedError."""
        if self._topic is None:
            self._topic = DirectoryTopic(self._kafka, self._between, self._pseudonyms)
        self._rules.current()
        if self._is_open:
            # Nothing is decided meanwhile: it would see half of a change.
            with self._previews.held():
                self._topic.current()
            return
        directory = self._topic.current()
        self._previews.open(Deciding(_AsRead(directory), lambda: self._rules.loaded.rulebook))
        self._is_open = True

    def close(self) -> None:
        """Close the connections, and end the rule engine's process."""
        self._rules.close()
        if self._topic is not None:
            self._topic.close()
