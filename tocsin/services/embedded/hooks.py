"""The webhooks of embedded mode: their mappings, read anew when files change, and the directory they look into."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import structlog

from adapters.contract_lookup import DirectoryContracts
from engine.ports import DirectorySource
from intake.acceptance import Acceptance, Unavailable
from intake.hooks import HookAnswer, Hooks, Pacing, Remarks, unpaced
from intake.post import Post
from schemas.refusal import Refusal
from tocsin.config.wiring.http import HookSettings
from tocsin.services.lifecycle.loops import looking_again
from tocsin.services.reload.mappings_in_force import ReloadingMappings

log = structlog.get_logger()


class EmbeddedHooks:
    """The hooks of one process. They take posts once the directory has been read: see `opened`."""

    def __init__(self, settings: HookSettings, acceptance: Acceptance, pacing: Pacing = unpaced) -> None:
        """Read the mappings. Raises OSError where their folder can't be read."""
        self._mappings = ReloadingMappings(settings.mappings)
        self._lookup = _Lookup()
        self._hooks = Hooks(self._mappings.named, settings.secrets, self._lookup, acceptance, _Logged(), pacing)

    def opened(self, directory: DirectorySource) -> None:
        """The directory has been read; `directory` belongs to these hooks."""
        self._lookup.open(directory)

    def take(self, name: str, post: Post) -> HookAnswer:
        """See intake.hooks.Hooks."""
        if not self._lookup.is_open:
            return Unavailable("starting", "the directory is being read", may_pass=True)
        return self._hooks.take(name, post)

    def challenge(self, name: str, query: Mapping[str, str]) -> str | None:
        """See intake.hooks.Hooks."""
        return self._hooks.challenge(name, query)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within the block, files that change are read."""
        with looking_again(self._mappings.refresh, "mappings"):
            yield


class _Lookup:
    """A DirectoryLookup for many threads, on a directory that comes later."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._contracts: DirectoryContracts | None = None

    @property
    def is_open(self) -> bool:
        return self._contracts is not None

    def open(self, directory: DirectorySource) -> None:
        self._contracts = DirectoryContracts(directory.current)

    def contracts(
        self, *, customer: str | None, product: str | None, reference: str | None, at: datetime
    ) -> Sequence[str]:
        """See DirectoryLookup."""
        contracts = self._contracts
        if contracts is None:
            return ()
        with self._turn:
            return contracts.contracts(customer=customer, product=product, reference=reference, at=at)


class _Logged(Remarks):
    """Writes remarks into the log: fields, never values."""

    def warned(self, hook: str, warnings: Sequence[Refusal]) -> None:
        """See Remarks."""
        log.warning("hook_could_not_tell", hook=hook, said=[str(one) for one in warnings])
