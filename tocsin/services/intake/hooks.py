"""The webhooks of a process: opened once all that they need is there, their mappings read anew when files change."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

import structlog

from intake.acceptance import Acceptance, Unavailable
from intake.hooks import HookAnswer, Hooks, Remarks
from intake.mappings.lookup import DirectoryLookup
from intake.mappings.mapping import Mapping
from intake.post import Post
from schemas.refusal import Refusal
from tocsin.config.wiring.http import HttpSettings
from tocsin.services.lifecycle.loops import looking_again
from tocsin.services.reload.mappings_in_force import ReloadingMappings

log = structlog.get_logger()

_STARTING: Final = Unavailable("starting", "it is not known yet what the hooks need, see /readyz", may_pass=True)


class ServiceHooks:
    """The hooks of one process. They take posts once they are opened; until then helpdesks are asked to come again."""

    def __init__(self, settings: HttpSettings) -> None:
        """Read the mappings. Raises OSError where their folder can't be read."""
        # Here, since the commands that serve nothing need not wait until a server is imported.
        from adapters.web.client_rates import ClientRates  # noqa: PLC0415

        self._mappings = ReloadingMappings(settings.hooks.mappings)
        self._secrets = settings.hooks.secrets
        self._pacing = ClientRates(settings.tokens.rate).wait
        self._hooks: Hooks | None = None
        self._lookup: DirectoryLookup | None = None

    def open(self, acceptance: Acceptance, lookup: DirectoryLookup) -> None:
        """From now on, posts are taken in. `lookup` may be asked by many threads at once."""
        self._lookup = lookup
        self._hooks = Hooks(self._mappings.named, self._secrets, lookup, acceptance, _Logged(), self._pacing)

    @property
    def are_open(self) -> bool:
        """Whether posts are taken in."""
        return self._hooks is not None

    @property
    def lookup(self) -> DirectoryLookup | None:
        """The directory in which mappings look contracts up; None until the hooks are open."""
        return self._lookup

    def mapping(self, name: str) -> Mapping | None:
        """See intake.hooks.NamedMapping."""
        return self._mappings.named(name)

    def take(self, name: str, post: Post) -> HookAnswer:
        """See intake.hooks.Hooks."""
        return _STARTING if self._hooks is None else self._hooks.take(name, post)

    def challenge(self, name: str, query: Dict[str, str]) -> str | Unavailable | None:
        """See intake.hooks.Hooks."""
        return _STARTING if self._hooks is None else self._hooks.challenge(name, query)

    def watching(self) -> AbstractContextManager[None]:
        """Within the block, files that change are read."""
        return looking_again(self._mappings.refresh, "mappings")


class _Logged(Remarks):
    """Writes remarks into the log: fields, never values."""

    def warned(self, hook: str, warnings: Sequence[Refusal]) -> None:
        """See Remarks."""
        log.warning("hook_could_not_tell", hook=hook, said=[str(one) for one in warnings])
