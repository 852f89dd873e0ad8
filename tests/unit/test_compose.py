"""docker-compose.yml and Dockerfile keep to what docs/compose.md says of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.documents.command_lines import parse
from tocsin.config.settings.declared.processes import STOP_WITHIN

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()

PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?[a-z0-9.-]*$")
SECRET = re.compile(r"password|passwd|secret|token|credential|private|api_?key", re.IGNORECASE)

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


@each_service
def test_images_are_pinned_to_a_whole_version(service: dict[str, Any]) -> None:
    assert PINNED.match(service["image"])


@each_service
def test_nobody_is_root_or_may_become_it(service: dict[str, Any]) -> None:
    assert service["user"].partition(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@each_service
def test_ports_are_open_to_this_machine_alone(service: dict[str, Any]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@each_service
def test_what_runs_on_says_how_it_is(service: dict[str, Any]) -> None:
    ends = service["restart"] == "no"
    if ends:
        assert service["healthcheck"] == {"disable": True}
    else:
        assert "build" in service or service["healthcheck"]["test"]


@each_service
def test_who_is_waited_for_is_there_and_gets_there(service: dict[str, Any]) -> None:
    for name, wait in service.get("depends_on", {}).items():
        ends = SERVICES[name]["restart"] == "no"
        assert wait["condition"] == ("service_completed_successfully" if ends else "service_healthy")


@pytest.mark.parametrize("service", OURS.values(), ids=OURS)
def test_the_commands_exist(service: dict[str, Any]) -> None:
    assert parse(service["command"]).startswith("tocsin ")


@pytest.mark.parametrize("service", OURS.values(), ids=OURS)
def test_ours_can_write_to_its_data_alone(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["user"] in DOCKERFILE
    mounted = [volume for volume in service.get("volumes", ()) if not volume.endswith(":ro")]
    assert all(volume.endswith(":/data") for volume in mounted)


@pytest.mark.parametrize("service", [one for one in OURS.values() if one["restart"] != "no"])
def test_a_stop_is_done_before_the_grace_period_ends(service: dict[str, Any]) -> None:
    assert int(service["stop_grace_period"].removesuffix("s")) > (STOP_WITHIN.default or 0)


def test_what_is_mounted_is_in_the_repository() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    folders = [mount.partition(":")[0] for mount in mounts if mount.startswith(".")]
    assert folders
    assert all((ROOT / folder).exists() for folder in folders)
    assert {mount.partition(":")[0] for mount in mounts} - set(folders) == set(COMPOSE["volumes"])


def test_engines_and_sender_use_the_rules_of_the_helpdesk_and_keep_the_last_good_ones() -> None:
    for name in ("engine-1", "engine-2", "sender"):
        service = SERVICES[name]
        assert "--rules=/helpdesk/rules.yaml" in service["command"]
        assert "./tocsin/demo/helpdesk:/helpdesk:ro" in service["volumes"]
        assert f"{name}:/data" in service["volumes"]


def test_the_sender_is_asked_itself_whether_it_is_alive() -> None:
    assert "http://127.0.0.1:9464/livez" in SERVICES["sender"]["healthcheck"]["test"][-1]


def test_each_engine_has_a_name_of_its_own() -> None:
    engines = {name: service["command"] for name, service in SERVICES.items() if "engine" in service.get("command", ())}
    options = [part for command in engines.values() for part in command]
    names = [part.removeprefix("--instance=") for part in options if part.startswith("--instance=")]
    assert names == list(engines)
    assert len(set(names)) == len(names) == 2


def test_one_broker_is_enough_for_transactions_and_makes_no_topic_by_itself() -> None:
    broker = SERVICES["kafka"]["environment"]
    assert broker["KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR"] == "1"
    assert broker["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] == "1"
    assert broker["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] == "1"
    assert broker["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


@pytest.mark.parametrize("name", ["embedded", "intake"])
def test_what_not_everybody_needs_stands_apart(name: str) -> None:
    assert {one for one, service in SERVICES.items() if service.get("profiles") == [name]} == {name}


def test_the_intake_is_ready_once_it_takes_posts() -> None:
    assert "http://127.0.0.1:9464/readyz" in SERVICES["intake"]["healthcheck"]["test"][-1]


def test_no_secret_is_written_down() -> None:
    given = [pair for service in SERVICES.values() for pair in service.get("environment", {}).items()]
    told = {name: value for name, value in given if SECRET.search(name)}
    # What is needed comes from the environment of whoever starts it, as files that nobody wrote down.
    assert all(name.endswith("_FILE") and value.startswith("/run/secrets/") for name, value in told.items())
    assert all(one.keys() == {"environment"} for one in COMPOSE["secrets"].values())
    named = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert named == set(COMPOSE["secrets"]) == {value.rpartition("/")[2] for value in told.values()}
    assert not SECRET.search(re.sub(r"^#.*$", "", DOCKERFILE, flags=re.MULTILINE))


def test_the_image_is_built_from_what_is_pinned_and_hashed() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) == 2
    assert len(set(images)) == 1
    assert PINNED.match(images[0])
    from_a_registry = re.findall(r"pip (?:install|wheel) .*-r \S+", DOCKERFILE)
    assert len(from_a_registry) == 2
    assert all("--require-hashes" in line for line in from_a_registry)
    others = [line for line in re.findall(r"pip (?:install|wheel) .*", DOCKERFILE) if " -r " not in line]
    assert all("--no-index" in line for line in others)


def test_the_image_runs_as_nobody_in_particular_and_has_a_health_check() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.*)", last, re.MULTILINE) == ["10001:10001"]
    assert last.index("\nUSER ") < last.index("\nENTRYPOINT ")
    assert "HEALTHCHECK" in last
    assert 'ENTRYPOINT ["tocsin"]' in last


def test_the_image_is_built_from_named_folders_alone() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    there = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert all((ROOT / name).exists() for name in there)
    assert {"requirements.lock", "pyproject.toml", "tocsin", "rules"} <= set(there)
    assert not {".git", ".env", "tests"} & set(there)
