"""The file of tokens: read anew when it changes, never replaced by one with faults, and never quoted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from adapters.token_file import load_tokens
from adapters.yaml_files.faults import FaultyFileError
from schemas.token_file import ApiScope
from tocsin.cli.app import app
from tocsin.config.wiring.http import TokenSettings
from tocsin.services.reload.tokens_in_force import ReloadingTokens

SECRET = "the-secret-of-the-desk-0123456789"


def entry(secret: str = SECRET, name: str = "desk", scopes: str = "[events:write]", more: str = "") -> str:
    return f"{{name: {name}, sha256: {hashlib.sha256(secret.encode()).hexdigest()}, scopes: {scopes}{more}}}"


def write(file: Path, *entries: str) -> None:
    # A new file in its place, so that the change shows whatever the clock of the file system does.
    new = file.with_suffix(".new")
    new.write_text(f"tokens: [{', '.join(entries)}]")
    new.replace(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.yaml"


def in_force(file: Path | None, first: str | None = None) -> ReloadingTokens:
    return ReloadingTokens(TokenSettings(first, file, 5.0), lambda _: None)


def test_a_token_is_known_by_its_digest_and_allows_what_the_file_says(file: Path) -> None:
    write(file, entry(scopes="[jobs:read, personal:read]", more=", rate: 3"), entry("another-secret", "form"))
    tokens = in_force(file, "the-first-of-all-tokens").tokens
    found = tokens.find(SECRET.encode())
    assert found is not None
    assert (found.name, found.rate) == ("desk", 3)
    assert found.scopes == {ApiScope.JOBS_READ, ApiScope.PERSONAL_READ}
    first = tokens.find(b"the-first-of-all-tokens")
    assert first is not None
    assert first.scopes == set(ApiScope)
    # The digest itself, which the file shows to whoever reads it, is no token.
    assert tokens.find(hashlib.sha256(SECRET.encode()).hexdigest().encode()) is None


def test_a_change_of_the_file_lets_others_in_and_nobody_who_was_taken_out(file: Path) -> None:
    write(file, entry())
    tokens = in_force(file)
    write(file, entry("another-secret", "form"))
    tokens.refresh()
    assert tokens.tokens.find(SECRET.encode()) is None
    assert tokens.tokens.find(b"another-secret") is not None


@pytest.mark.parametrize("bad", ["tokens: [", "", "tokens: [{name: a}]", "tokens: {}", "\x00", "[]", "tokens: [7]"])
def test_a_file_with_faults_leaves_the_last_good_tokens(file: Path, bad: str) -> None:
    write(file, entry())
    tokens = in_force(file)
    new = file.with_suffix(".new")
    new.write_text(bad)
    new.replace(file)
    with capture_logs() as logs:
        tokens.refresh()
        tokens.refresh()
    assert [one["event"] for one in logs] == ["tokens_refused"]
    assert tokens.tokens.find(SECRET.encode()) is not None
    file.unlink()
    tokens.refresh()
    assert tokens.tokens.find(SECRET.encode()) is not None
    write(file)
    tokens.refresh()
    assert tokens.tokens.find(SECRET.encode()) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{{name: a, sha256: {SECRET}, scopes: [events:write]}}", "this is no SHA-256"),
        (f"{{name: a, secret: {SECRET}, scopes: [events:write]}}", "there is no key `secret` here"),
        (f"{SECRET}", "this is no token"),
        (f"{{name: a, sha256: [{SECRET}], scopes: [events:write]}}", "this is no SHA-256"),
        (entry(scopes="[event:write]"), "did you mean `events:write`"),
        (entry(scopes="[]"), "the list is empty"),
        (entry(more=", rate: 0"), "a whole number from 1"),
        (f"{entry()}, {entry(name='other')}", "another token has the same secret"),
        (f"{entry()}, {entry('another-secret')}", "another token has this name"),
    ],
)
def test_each_fault_is_named_and_no_secret_is_shown(file: Path, text: str, said: str) -> None:
    file.write_text(f"tokens: [{text}]")
    with pytest.raises(FaultyFileError) as refused:
        load_tokens(file)
    shown = str(refused.value)
    assert said in shown
    assert f"{file}:1:" in shown
    assert SECRET not in shown


def test_more_tokens_than_anybody_has_are_refused(file: Path) -> None:
    write(file, *(entry(f"secret {number}", f"t{number}") for number in range(1_001)))
    with pytest.raises(FaultyFileError, match="more than 1000 tokens"):
        load_tokens(file)


def test_a_token_that_was_made_is_one(file: Path) -> None:
    told = ["token", "new", "desk", "--scope", "jobs:read", "--scope", "events:write", "--scope", "jobs:read"]
    lines = CliRunner().invoke(app, told).output.splitlines()
    secret = lines[0].removeprefix("secret: ")
    file.write_text("\n".join(["tokens:", *lines[2:]]))
    [token] = load_tokens(file)
    assert token.scopes == {ApiScope.JOBS_READ, ApiScope.EVENTS_WRITE}
    assert in_force(file).tokens.find(secret.encode()) == token
    assert CliRunner().invoke(app, ["token", "new", "a b", "--scope", "jobs:read"]).exit_code == 2
