"""An address that is taken is named by what set it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.sqlite.ledger import SqliteLedger
from tocsin.cli.app import app
from tocsin.cli.console import UNUSABLE
from tocsin.config.data_folder import database_in


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def opt_out(taken: str, folder: Path, options: list[str], environment: dict[str, str]) -> str:
    file = folder / "tocsin.toml"
    file.write_text(f'[opt_out]\nlisten = "{taken}"\n')
    environment |= {"TOCSIN_OPT_OUT_SECRETS": "a-secret-of-the-tests", "TOCSIN_LEDGER": ""}
    command = ["--settings", str(file), "opt-out", "--data", str(folder), *options]
    result = CliRunner().invoke(app, command, env=environment)
    assert result.exit_code == UNUSABLE
    return result.output


def test_an_address_that_is_taken_is_named_by_what_set_it(taken: str, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    up = [
        "up",
        "--data",
        str(tmp_path / "data"),
        "--directory",
        str(tmp_path / "directory"),
        "--from",
        "a@desk.example",
    ]
    for options, environment, named in (
        ([], {"TOCSIN_LISTEN": taken}, "TOCSIN_LISTEN"),
        (["--listen", taken], {}, "--listen"),
    ):
        result = CliRunner().invoke(app, [*up, *options], env=environment)
        assert result.exit_code == UNUSABLE
        assert f"{named}: {taken} can't be listened on" in result.output


def test_likewise_that_of_the_page_to_opt_out(taken: str, tmp_path: Path) -> None:
    SqliteLedger(database_in(tmp_path)).close()
    said = f"{taken} can't be listened on"
    assert f"{tmp_path}/tocsin.toml:2: opt_out.listen: {said}" in opt_out(taken, tmp_path, [], {})
    assert f"TOCSIN_OPT_OUT_LISTEN: {said}" in opt_out(taken, tmp_path, [], {"TOCSIN_OPT_OUT_LISTEN": taken})
    assert f"--listen: {said}" in opt_out(taken, tmp_path, ["--listen", taken], {})
