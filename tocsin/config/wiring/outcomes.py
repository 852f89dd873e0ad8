"""To whom outcomes are posted, from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from adapters.endpoint_file import load_endpoints
from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from adapters.yaml_files.faults import FaultyFileError
from outcomes.endpoint import ENDED, Endpoint, Tell
from outcomes.ports import KnownJobs, Posts
from outcomes.posting import PostingSettings
from outcomes.signing import Secret
from schemas.endpoint_file import EndpointEntry
from schemas.suggestion import nearest
from tocsin.config.settings.declared.outcomes import ENDPOINTS, GIVE_UP_AFTER, SECRETS
from tocsin.config.settings.faults import SettingsError, SettingsFault
from tocsin.config.settings.forms import endpoint_secrets
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.secret_files import read_secret
from tocsin.config.wiring.ledgers import made_beside


class EndpointSource(Struct, frozen=True):
    """Where endpoints are read from, now and whenever it changes: their file, and that of their secrets.

    `secrets` are those of the start, which stay where no `secret_file` gives them; `secrets_named` is who gave them.
    """

    file: Path
    secrets: Mapping[str, Sequence[Secret]]
    secret_file: Path | None = None
    secrets_named: str = ""

    @property
    def files(self) -> Sequence[Path]:
        """The files that are read."""
        return [self.file] if self.secret_file is None else [self.file, self.secret_file]

    def read(self) -> Sequence[Endpoint]:
        """The endpoints, as the files are now.

        Raises FaultyFileError, and SettingsError where an endpoint has no secret, or a secret no endpoint.
        """
        entries, secrets = load_endpoints(self.file), self._secrets()
        names = [one.name for one in entries]
        for name in names:
            if name not in secrets:
                ways = " or ".join(SECRETS.variables)
                raise SettingsError.at(f"{self.file}: {name}", f"it has no secret: give {name}=whsec_… by {ways}")
        for name in secrets:
            if name not in names:
                problem = f"{self.file} has no endpoint of the name of one of these secrets{nearest(name, names)}"
                raise SettingsError.at(self.secrets_named, problem)
        return [_endpoint(one, secrets, self.file.parent) for one in entries]

    def _secrets(self) -> Mapping[str, Sequence[Secret]]:
        if self.secret_file is None:
            return self.secrets
        try:
            return endpoint_secrets(read_secret(str(self.secret_file)))
        except ValueError as error:
            raise SettingsError.at(self.secrets_named, error) from None


class OutcomeSettings(Struct, frozen=True):
    """Where endpoints are read from, and for how long posts are tried."""

    source: EndpointSource
    posting: PostingSettings

    @classmethod
    def of(cls, settings: Settings) -> OutcomeSettings | None:
        """As the settings say; None where nothing is posted.

        Raises FaultyFileError, and SettingsError where an endpoint has no secret, or a secret no endpoint.
        """
        file = settings[ENDPOINTS]
        if file is None:
            return None
        secrets, origin = endpoint_secrets(settings[SECRETS] or ""), settings.origin(SECRETS)
        source = EndpointSource(file, secrets, origin.secret_file, settings.named(SECRETS))
        source.read()
        return cls(source, PostingSettings(give_up_after=timedelta(days=settings.given(GIVE_UP_AFTER))))


def outcomes_in(settings: Settings) -> OutcomeSettings | None:
    """The same for whoever asks what is wrong: None also where the command posts nothing. Raises SettingsError."""
    if ENDPOINTS not in settings:
        return None
    try:
        return OutcomeSettings.of(settings)
    except FaultyFileError as error:
        faults = [SettingsFault(f"{one.file}:{one.line}", one.said, ENDPOINTS.key) for one in error.faults]
        raise SettingsError(faults) from None


class OpenPosts(Posts, KnownJobs, Protocol):
    """A storage of posts, in the database of the ledger, where the jobs are."""


def opened_posts(data: Path | None, url: str | None) -> OpenPosts:
    """The posts beside the ledger in this data folder, or in this PostgreSQL database.

    Raises PostsUnavailableError, and NoLedgerError where neither was named, or both.
    """
    return made_beside(data, url, SqliteOutcomePosts, _postgres)


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
