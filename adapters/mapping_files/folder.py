"""Where mapping files lie: those that come with the program, and the author's own before them, file by file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from adapters.mapping_files.load import ENDINGS
from adapters.shipped import RULES

SHIPPED_MAPPINGS: Final = RULES / "mappings"
"""The folder of the mappings that come with the program."""

TEST_ENDINGS: Final = tuple(f".test{ending}" for ending in ENDINGS)


def mapping_files(folder: Path | None = None) -> Mapping[str, Path]:
    """The file of each mapping, by its name: those of the folder, then the shipped ones of other names.

    Raises OSError for a folder that can't be read.
    """
    shipped = {file.stem: file for file in files_in(SHIPPED_MAPPINGS)}
    own = {} if folder is None else {file.stem: file for file in files_in(folder)}
    return dict(sorted((shipped | own).items()))


def files_in(folder: Path) -> Iterator[Path]:
    """The mapping files of one folder, without their tests and without hidden files."""
    for file in sorted(folder.iterdir()):
        is_mapping = file.name.endswith(ENDINGS) and not file.name.endswith(TEST_ENDINGS)
        if is_mapping and not file.name.startswith(".") and file.is_file():
            yield file


def own_tests(file: Path) -> Path | None:
    """The file of tests beside a mapping file, if there is one."""
    beside = (file.with_name(file.stem + ending) for ending in TEST_ENDINGS)
    return next((path for path in beside if path.is_file()), None)
