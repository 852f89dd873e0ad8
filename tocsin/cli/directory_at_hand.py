"""The directory that a command can look names up in: the one that it names, or that of its cluster or data folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from adapters.files.directory_folder import load_directory
from adapters.files.kept_files import FOLDER, kept_source
from adapters.kafka.directory_topic import DirectoryTopic
from adapters.kafka.settings import KafkaSettings
from engine.directory.directory import Directory
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DATA, DIRECTORY
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_in


def directory_at_hand(settings: Settings) -> Directory | None:
    """The directory; None where none is at hand.

    The folder that is named, or else the topic of the cluster, or else the folder that `tocsin up` of this data folder
    read last.
    """
    source = source_at_hand(settings)
    if isinstance(source, KafkaSettings):
        with closing(DirectoryTopic(source)) as topic:
            return topic.current()
    folder = source or _of_data_folder(settings.get(DATA))
    return None if folder is None else load_directory(folder).directory


def source_at_hand(settings: Settings) -> KafkaSettings | Path | None:
    """Where the directory is: the folder that is named, or else the topic of the cluster; None where neither is."""
    folder, cluster = settings.get(DIRECTORY), kafka_in(settings)
    if cluster is not None and (folder is None or (settings.is_named(KAFKA) and not settings.is_named(DIRECTORY))):
        return cluster
    return folder


def _of_data_folder(data: Path | None) -> Path | None:
    source = None if data is None else kept_source(data / FOLDER)
    return source if source is not None and source.exists() else None
