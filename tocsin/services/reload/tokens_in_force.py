"""The tokens of a running service: those of a file are read anew when it changes.

Where anything is wrong with the file as it is now, the last good tokens stay: a slip of the pen locks nobody out.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from adapters.files.signature import Signature, Watch, signature_of
from adapters.token_file import load_tokens
from adapters.web.tokens import ApiToken, Tokens
from adapters.yaml_files.faults import FaultyFileError
from tocsin.config.wiring.http import TokenSettings

log = structlog.get_logger()


class ReloadingTokens:
    """The first token, and those of the file. It belongs to one thread; `tokens` to that which serves.

    `pause` waits between two looks at a file that is perhaps being written; `monotonic` is the clock of the rates.
    """

    def __init__(
        self,
        settings: TokenSettings,
        pause: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises FaultyFileError where the file can't be used."""
        self._first = [] if settings.first is None else [ApiToken.of(settings.first)]
        self._file = settings.file
        self._watch = Watch(self._signature, pause)
        self.tokens = Tokens(self._all(), settings.rate, monotonic)

    def refresh(self) -> None:
        """Look at the file, and read it if it has changed."""
        if not self._watch.has_changed():
            return
        try:
            tokens = self._all()
        except FaultyFileError as error:
            named = [f"{fault.file}:{fault.line}: {fault.said}" for fault in error.faults]
            log.warning("tokens_refused", faults=named)
            return
        self.tokens.replace(tokens)
        log.info("tokens_in_force", names=[one.name for one in tokens])

    def _all(self) -> list[ApiToken]:
        return [*self._first, *(load_tokens(self._file) if self._file is not None else ())]

    def _signature(self) -> Signature:
        return () if self._file is None else signature_of([self._file])
