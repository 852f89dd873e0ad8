"""The endpoints of a running sender: read anew when their file changes, or that of their secrets.

Where anything is wrong with the files as they are now, the last good endpoints and secrets stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from adapters.files.signature import Watch, signature_of
from adapters.webhooks.poster import NoAuthoritiesError
from adapters.yaml_files.faults import FaultyFileError
from outcomes.endpoint import Endpoint
from tocsin.config.settings.faults import SettingsError
from tocsin.config.wiring.outcomes import EndpointSource

log = structlog.get_logger()


class ReloadingEndpoints:
    """The endpoints, as the files say. One thread at a time uses it.

    `use` puts endpoints in force, and raises NoAuthoritiesError where it can't; `pause` waits between two looks at
    files that are perhaps being written.
    """

    def __init__(
        self,
        source: EndpointSource,
        use: Callable[[Sequence[Endpoint]], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises FaultyFileError, SettingsError and NoAuthoritiesError where the files can't be used."""
        self._source = source
        self._use = use
        self._watch = Watch(lambda: signature_of(source.files), pause)
        self._use(source.read())

    def refresh(self) -> bool:
        """Look at the files, and read them if they have changed; says whether other endpoints are in force."""
        if not self._watch.has_changed():
            return False
        try:
            endpoints = self._source.read()
            self._use(endpoints)
        except FaultyFileError as error:
            _refused([f"{fault.file}:{fault.line}: {fault.said}" for fault in error.faults])
            return False
        except (SettingsError, NoAuthoritiesError) as error:
            _refused(str(error).splitlines())
            return False
        log.info("outcome_endpoints_in_force", names=[one.name for one in endpoints])
        return True


def _refused(faults: Sequence[str]) -> None:
    log.warning("outcome_endpoints_refused", faults=faults)
