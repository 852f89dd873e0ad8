"""The last good rules, kept beside the data: a start uses them where the rule files are refused by then.

What is kept are rule file and templates as they were when they were put in force; the tests beside them have passed.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from adapters.files.opening import read_bounded
from adapters.files.private_files import private_folder, write_private
from adapters.jinja.sources import MAX_FILE_BYTES as MAX_TEMPLATE
from adapters.jinja.sources import template_files
from adapters.rule_files.load import template_folders
from adapters.yaml_files.faults import FaultyFileError
from adapters.yaml_files.source import MAX_FILE_BYTES as MAX_RULES
from schemas.errors import UnusableError
from tocsin.services.reload.checked_rules import Loaded, load_checked

log = structlog.get_logger()

NAME: Final = "last-good-rules.json"
MAX_BYTES: Final = 134_217_728
"""The most that is read back: more than 2,000 templates of 64 KB take."""
_RULE_FILE: Final = "rules.yaml"


class _Kept(Struct, frozen=True):
    """Texts by their path below the folder of the rule file, which itself is `rules.yaml`."""

    kept_at: datetime
    rulebook: str
    templates: str
    texts: Mapping[str, str]
    sha256: str


class KeptRulesError(UnusableError, ValueError):
    """What is kept can't be used; the message says why."""


class KeptRules:
    """One set of rules in a folder: the one that was put in force last. Nobody but the process's user may read it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / NAME

    def keep(self, path: Path, loaded: Loaded) -> str | None:
        """Keep what was loaded from this rule file. Where that fails, as on a full disk, the log says so.

        Returns why it failed, None where it did not.
        """
        try:
            texts = _texts(path)
            digest = _digest(texts)
            kept = _Kept(datetime.now(UTC), *loaded.digest, texts, digest)
            # A file that has changed since it was loaded is not what was put in force: the next reload keeps it.
            if _loaded(kept).digest == loaded.digest:
                self._write(msgspec.json.encode(kept))
        except (OSError, ValueError, FaultyFileError) as error:
            log.warning("rules_not_kept", error=type(error).__name__, said=str(error))
            return str(error)
        return None

    def load(self) -> tuple[Loaded, datetime]:
        """What was kept, and when. Raises KeptRulesError where nothing is, or it can't be used any more."""
        try:
            content = read_bounded(self._file, MAX_BYTES, self._folder)
            kept = msgspec.json.decode(content, type=_Kept)
        except FileNotFoundError:
            raise KeptRulesError(f"none are kept in {self._folder}") from None
        except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise KeptRulesError(f"{self._file} can't be read: {error}") from None
        # A file that was cut short, or edited by hand, must not decide who is alerted.
        if _digest(kept.texts) != kept.sha256:
            raise KeptRulesError(f"{self._file} is damaged: its digest is another one")
        try:
            return _loaded(kept), kept.kept_at
        except (FaultyFileError, OSError) as error:
            raise KeptRulesError(f"those in {self._file} are no good rules for this version: {error}") from None

    def _write(self, content: bytes) -> None:
        private_folder(self._folder)
        write_private(self._file, content)


def _texts(path: Path) -> dict[str, str]:
    # Those that come with the product are there at a start too, as that version has them.
    *own, _shipped = template_folders(path)
    texts = {_RULE_FILE: read_bounded(path, MAX_RULES, path.parent).decode()}
    for folder in own:
        for file in template_files(folder):
            texts[f"templates/{file.relative_to(folder).as_posix()}"] = read_bounded(
                file, MAX_TEMPLATE, folder
            ).decode()
    return texts


def _loaded(kept: _Kept) -> Loaded:
    """The texts as files once more, and loaded as any others; their tests lie elsewhere, and have passed."""
    with tempfile.TemporaryDirectory(prefix="tocsin-rules-") as name:
        root = Path(name)
        for path, text in kept.texts.items():
            # Paths come from a file, and must not lead anywhere but into the temporary folder.
            if ".." in PurePosixPath(path).parts or PurePosixPath(path).is_absolute():
                raise KeptRulesError(f"{path} lies outside of its folder")
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        # Checked anew: this version of the program may refuse what an older one accepted.
        return load_checked(root / _RULE_FILE, lambda _path, _rulebook: [])


def _digest(texts: Mapping[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(texts.items()))).hexdigest()
