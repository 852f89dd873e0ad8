"""To whom outcomes are posted, from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from adapters.endpoint_file import load_endpoints
from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from outcomes.endpoint import ENDED, Endpoint, Tell
from outcomes.ports import KnownJobs, Posts
from outcomes.posting import PostingSettings
from outcomes.signing import Secret
from schemas.endpoint_file import EndpointEntry
from schemas.suggestion import nearest
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.outcomes import ENDPOINTS, GIVE_UP_AFTER, SECRETS
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.forms import endpoint_secrets
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import NoLedgerError


class OutcomeSettings(Struct, frozen=True):
    """Endpoints, and for how long posts are tried."""

    endpoints: Sequence[Endpoint]
    posting: PostingSettings

    @classmethod
    def of(cls, settings: Settings) -> OutcomeSettings | None:
        """As the settings say; None where nothing is posted.

        Raises FaultyFileError, and SettingsError where an endpoint has no secret, or a secret no endpoint.
        """
        file, secrets = settings[ENDPOINTS], endpoint_secrets(settings[SECRETS] or "")
        if file is None:
            return None
        entries = load_endpoints(file)
        names = [one.name for one in entries]
        for name in names:
            if name not in secrets:
                ways = " or ".join(SECRETS.variables)
                raise SettingsError.at(f"{file}: {name}", f"it has no secret: give {name}=whsec_… by {ways}")
        for name in secrets:
            if name not in names:
                problem = f"{file} has no endpoint of the name of one of these secrets{nearest(name, names)}"
                raise SettingsError.at(settings.named(SECRETS), problem)
        days = timedelta(days=settings.given(GIVE_UP_AFTER))
        endpoints = [_endpoint(one, secrets, file.parent) for one in entries]
        return cls(endpoints, PostingSettings(give_up_after=days))


class OpenPosts(Posts, KnownJobs, Protocol):
    """A storage of posts, in the database of the ledger, where the jobs are."""


def opened_posts(data: Path | None, url: str | None) -> OpenPosts:
    """The posts beside the ledger in this data folder, or in this PostgreSQL database.

    Raises PostsUnavailableError, and NoLedgerError where neither was named, or both.
    """
    if (data is None) == (url is None):
        raise NoLedgerError("name the ledger, either --data FOLDER or --ledger postgresql://…")
    return SqliteOutcomePosts(database_in(data or Path())) if url is None else _postgres(url)


def _postgres(url: str) -> OpenPosts:
    from adapters.postgres.outcome_posts import PostgresOutcomePosts  # noqa: PLC0415 - as for the ledger

    return PostgresOutcomePosts(url)


def _endpoint(entry: EndpointEntry, secrets: Mapping[str, Sequence[Secret]], folder: Path) -> Endpoint:
    return Endpoint(
        entry.name,
        entry.url,
        secrets[entry.name],
        Tell(entry.tell.value),
        ENDED if entry.states is None else frozenset(state.value for state in entry.states),
        timedelta(seconds=entry.settle_seconds),
        timedelta(minutes=entry.within_minutes),
        entry.personal_data,
        None if entry.ca is None else folder / entry.ca,
    )
