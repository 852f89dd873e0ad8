"""Endpoints and secrets: read anew when a file changes, never replaced by faulty ones, and no secret is quoted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.webhooks.poster import NoAuthoritiesError
from adapters.yaml_files.faults import FaultyFileError
from outcomes.endpoint import Endpoint
from outcomes.signing import Secret, signed_headers
from tests.support.http.receivers import OLD_SECRET, SECRET
from tocsin.config.settings.faults import SettingsError
from tocsin.config.wiring.outcomes import EndpointSource
from tocsin.services.reload.endpoints_in_force import ReloadingEndpoints

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def write(file: Path, text: str) -> None:
    # A new file in its place, so that the change shows whatever the clock of the file system does.
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def entry(name: str = "desk", more: str = "") -> str:
    return f"- name: {name}\n  url: https://{name}.example/\n{more}"


def signatures(secrets: Sequence[Secret]) -> list[str]:
    return signed_headers("msg_1", NOW, b"{}", secrets)["webhook-signature"].split()


class World:
    """Two files, and the endpoints in force."""

    def __init__(self, folder: Path) -> None:
        self.endpoints, self.secrets = folder / "outcomes.yaml", folder / "secrets"
        write(self.endpoints, f"endpoints:\n{entry()}")
        write(self.secrets, f"desk={SECRET}\n")
        self.used: list[Sequence[Endpoint]] = []
        self.refused = False
        source = EndpointSource(self.endpoints, {}, self.secrets, "TOCSIN_OUTCOMES_SECRETS_FILE")
        self.reloading = ReloadingEndpoints(source, self.use, lambda _: None)

    def use(self, endpoints: Sequence[Endpoint]) -> None:
        if self.refused:
            raise NoAuthoritiesError("endpoint desk: none.pem holds no certificates that can be read")
        self.used.append(endpoints)

    def names(self) -> list[str]:
        return [one.name for one in self.used[-1]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_nothing_is_read_anew_that_has_not_changed(world: World) -> None:
    assert not world.reloading.refresh()
    assert len(world.used) == 1


def test_a_secret_is_rotated_without_a_restart(world: World) -> None:
    old, new = signatures([Secret(SECRET)]), signatures([Secret(OLD_SECRET)])
    write(world.secrets, f"desk={OLD_SECRET} desk={SECRET}")
    assert world.reloading.refresh()
    assert signatures(world.used[-1][0].secrets) == new + old
    write(world.secrets, f"desk={OLD_SECRET}")
    assert world.reloading.refresh()
    assert signatures(world.used[-1][0].secrets) == new


@pytest.mark.parametrize("first", ["endpoints", "secrets"])
def test_an_endpoint_is_added_once_both_files_name_it(world: World, first: str) -> None:
    def write_endpoints() -> None:
        write(world.endpoints, f"endpoints:\n{entry()}{entry('form')}")

    def write_secrets() -> None:
        write(world.secrets, f"desk={SECRET} form={OLD_SECRET}")

    steps = [write_endpoints, write_secrets] if first == "endpoints" else [write_secrets, write_endpoints]
    steps[0]()
    with capture_logs() as logs:
        assert not world.reloading.refresh()
        assert not world.reloading.refresh()
    assert [one["event"] for one in logs] == ["outcome_endpoints_refused"]
    assert world.names() == ["desk"]
    steps[1]()
    with capture_logs() as logs:
        assert world.reloading.refresh()
    assert [(one["event"], one["names"]) for one in logs] == [("outcome_endpoints_in_force", ["desk", "form"])]
    assert world.names() == ["desk", "form"]


@pytest.mark.parametrize("bad", ["", "endpoints: [", "endpoints: []", "[]", "\x00", "endpoints: [7]", entry("form")])
def test_a_file_with_faults_leaves_the_last_good_endpoints(world: World, bad: str) -> None:
    write(world.endpoints, bad)
    with capture_logs() as logs:
        assert not world.reloading.refresh()
    assert [one["event"] for one in logs] == ["outcome_endpoints_refused"]
    assert all(str(world.endpoints) in fault for fault in logs[0]["faults"])
    world.endpoints.unlink()
    assert not world.reloading.refresh()
    assert len(world.used) == 1
    write(world.endpoints, f"endpoints:\n{entry(more='  tell: tickets')}")
    assert world.reloading.refresh()


@pytest.mark.parametrize("bad", ["", f"desk={SECRET[:-9]}", SECRET, f"dsk={SECRET}", f"desk={SECRET} form={SECRET}"])
def test_secrets_with_faults_leave_the_last_good_ones_and_are_not_quoted(world: World, bad: str) -> None:
    write(world.secrets, bad)
    with capture_logs() as logs:
        assert not world.reloading.refresh()
    assert [one["event"] for one in logs] == ["outcome_endpoints_refused"]
    assert SECRET[6:12] not in str(logs)
    world.secrets.unlink()
    assert not world.reloading.refresh()
    assert len(world.used) == 1


def test_endpoints_that_can_not_be_used_are_refused(world: World) -> None:
    world.refused = True
    write(world.endpoints, f"endpoints:\n{entry(more='  ca: none.pem')}")
    with capture_logs() as logs:
        assert not world.reloading.refresh()
    assert logs[0]["faults"] == ["endpoint desk: none.pem holds no certificates that can be read"]


def test_secrets_of_a_variable_stay_those_of_the_start(world: World) -> None:
    source = EndpointSource(world.endpoints, {"desk": [Secret(SECRET)]})
    reloading = ReloadingEndpoints(source, world.use, lambda _: None)
    write(world.secrets, f"desk={OLD_SECRET}")
    assert not reloading.refresh()
    write(world.endpoints, f"endpoints:\n{entry(more='  tell: tickets')}")
    assert reloading.refresh()
    assert signatures(world.used[-1][0].secrets) == signatures([Secret(SECRET)])


def test_faults_at_the_start_are_raised(world: World) -> None:
    write(world.endpoints, "endpoints: []")
    with pytest.raises(FaultyFileError, match="there is no endpoint"):
        ReloadingEndpoints(EndpointSource(world.endpoints, {}), world.use)
    write(world.endpoints, f"endpoints:\n{entry()}")
    with pytest.raises(SettingsError, match="it has no secret"):
        ReloadingEndpoints(EndpointSource(world.endpoints, {}), world.use)
