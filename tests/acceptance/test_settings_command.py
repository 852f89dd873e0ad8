"""`tocsin settings`, and services that are told everything by one file."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.mailbox.mailbox import HOST, Mailbox
from adapters.sqlite.ledger import SqliteLedger
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory, write_events
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

TOCSIN = [sys.executable, "-c", "from tocsin.cli import main; main()"]


def run(*arguments: object, expect: int = 0, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False, env=env)
    assert result.exit_code == expect, result.output
    return result


def alone(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process that knows nothing but these arguments and variables."""
    command = [*TOCSIN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text("s3cret\n")
    (tmp_path / "tocsin.toml").write_text(
        '[kafka]\nbrokers = "kafka:9093"\ntls = true\nsasl = "PLAIN"\nusername = "tocsin"\npassword_file = "password"\n'
        '[mail]\nfrom = "Support <support@desk.example>"\n[storm]\nlimit = 7\n'
    )
    return tmp_path / "tocsin.toml"


def test_each_setting_is_shown_with_its_origin(file: Path) -> None:
    lines = run("--settings", file, "settings", env={"TOCSIN_STORM_WINDOW": "3"}).stdout.splitlines()
    shown = {words[0]: words[1:] for line in lines if (words := line.split(None, 2))}
    assert shown["storm.limit"] == ["7", f"file {file}:10"]
    assert shown["storm.window"] == ["3.0", "environment TOCSIN_STORM_WINDOW"]
    assert shown["storm.end"] == ["digest", "default"]
    assert shown["kafka.password"] == ["***", f"secret file {file.parent}/password (file {file}:6)"]
    assert shown["mail.password"] == ["-", "default"]


def test_as_json_too(file: Path) -> None:
    shown = json.loads(run("--settings", file, "settings", "--json", "--service", "engine", expect=5).stdout)
    found = {one["key"]: one for one in shown["settings"]}
    assert shown["file"] == str(file)
    assert found["kafka.tls"] == {"key": "kafka.tls", "value": True, "origin": f"file {file}:3"}
    assert found["kafka.password"]["value"] == "***"
    assert found["process.instance"] == {"key": "process.instance", "value": None, "origin": "wrong"}
    assert shown["faults"] == ["process.instance (--instance, TOCSIN_INSTANCE): `tocsin engine` needs it"]
    assert "storm.limit" not in found


def test_what_a_service_lacks_is_a_fault_and_what_it_has_is_none(file: Path) -> None:
    assert "`tocsin sender` needs it" in run("--settings", file, "settings", "--service", "sender", expect=5).stderr
    run("--settings", file, "settings", "--service", "sender", env={"TOCSIN_DATA": "data"})
    run("--settings", file, "settings")
    assert "uses no settings" in run("settings", "--service", "schema", expect=2).output


def test_everything_that_is_wrong_is_named_at_once(file: Path) -> None:
    file.write_text(file.read_text().replace("tls = true", "tsl = true").replace("limit = 7", "limit = 'ten'"))
    wrong = {"TOCSIN_SMTP_USERNAME": "tocsin", "TOCSIN_STORM_END": "never", "TOCSIN_KAKFA": "x"}
    said = run("--settings", file, "settings", expect=5, env=wrong).stderr.splitlines()
    assert said == [
        "TOCSIN_KAKFA: there is no such setting, so it has no effect: did you mean `TOCSIN_KAFKA`?",
        f"{file}:3: kafka.tsl: there is no such setting: did you mean `kafka.tls`?",
        f"{file}:10: storm.limit: 'ten' is not a whole number of at least 0",
        "TOCSIN_STORM_END: 'never' is not one of digest, wait",
        "table [kafka]: PLAIN sends the password as it is: use TLS with it, or SCRAM-SHA-512",
        (
            "TOCSIN_SMTP_USERNAME: a login needs mail.password_file (TOCSIN_SMTP_PASSWORD, TOCSIN_SMTP_PASSWORD_FILE) "
            "as well"
        ),
    ]


@pytest.mark.parametrize(
    ("command", "environment", "said"),
    [
        (
            ("engine", "--instance", "one"),
            {"TOCSIN_KAFKA": "nobody"},
            "TOCSIN_KAFKA: 'nobody' is not of the form HOST:PORT",
        ),
        (("engine", "--kafka", "nobody", "--instance", "one"), {}, "--kafka: 'nobody' is not of the form HOST:PORT"),
        (("engine", "--kafka", "h:1", "--instance", "a b"), {}, "--instance: 'a b' is no name of a process"),
        (("topics", "check", "--kafka", "h:1"), {"TOCSIN_KAFKA_USERNAME": "x"}, "TOCSIN_KAFKA_USERNAME: a login needs"),
        (
            ("topics", "check", "--kafka", "h:1"),
            {"TOCSIN_SETTINGS": "/no/file"},
            "/no/file: the settings file can't be",
        ),
        (("jobs", "list"), {"TOCSIN_LEDGER_FILE": "/no/file"}, "TOCSIN_LEDGER_FILE: /no/file can't be read"),
    ],
)
def test_a_setting_that_can_not_be_used_ends_a_command_with_5(
    command: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    assert said in run(*command, expect=5, env=environment).stderr


MAIL = ("--data", "D", "--directory", "D", "--from", "S <s@d.example>")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--smtp", "nobody"), "--smtp: 'nobody' is not of the form HOST:PORT"),
        (("--tls", "perhaps"), "--tls: 'perhaps' is not one of none, starttls, implicit"),
        (
            ("--smtp", "far.example:25", "--tls", "none"),
            "--tls: none would send every message to far.example in plain text",
        ),
        (("--installation", "a b"), "--installation: 'a b' is no domain name"),
        (("--fax", "12"), "--fax: '12' is no address with"),
        (("--fax-subject", "{title}"), "--fax-subject: "),
        (("--opt-out-mailto", "nobody"), "--opt-out-mailto: 'nobody' is not one e-mail address"),
        (("--mode", "off"), "--mode: 'off' is none of"),
    ],
)
def test_an_option_that_can_not_be_used_is_named_and_nothing_is_started(
    options: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in run("up", *MAIL, *options, expect=5).stderr
    assert not (tmp_path / "D").exists()


def test_what_is_wrong_with_the_command_line_itself_ends_with_2_as_before() -> None:
    assert "Missing option '--kafka'" in run("engine", "--instance", "one", expect=2).output
    run("up", *MAIL, "--storm-limit", "ten", expect=2)
    run("up", *MAIL, "--nonsense", expect=2)


def test_a_file_that_is_wrong_stops_nobody_who_uses_no_settings(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text("[nonsense]\nx = 1\n")
    run("--settings", tmp_path / "tocsin.toml", "schema", "rules")
    assert "Usage" in run("--settings", tmp_path / "tocsin.toml", "engine", "--help").stdout
    run("--settings", tmp_path / "tocsin.toml", "topics", "check", expect=5)


def test_a_mail_that_is_piped_is_kept_while_settings_are_wrong(tmp_path: Path) -> None:
    wrong = {"TOCSIN_OPT_OUT_SECRETS_FILE": "/no/file", "TOCSIN_INSTALLATION": "desk.example"}
    SqliteLedger(database_in(tmp_path)).close()
    assert "/no/file" in run("bounces", "read", "-", "--data", tmp_path, expect=75, env=wrong).stderr
    run("bounces", "read", tmp_path, "--data", tmp_path, expect=5, env=wrong)


def test_what_the_command_line_names_comes_before_what_settings_say(tmp_path: Path) -> None:
    SqliteLedger(database_in(tmp_path)).close()
    nowhere = {"TOCSIN_LEDGER": "postgresql://localhost:1/nowhere", "TOCSIN_KAFKA": "localhost:1"}
    run("jobs", "list", "--data", tmp_path, env=nowhere)
    run("dlq", "list", "--data", tmp_path, env=nowhere)
    run("jobs", "list", env={"TOCSIN_DATA": str(tmp_path)})
    run("jobs", "list", env={"TOCSIN_DATA": str(tmp_path), **nowhere}, expect=3)
    run("jobs", "list", "--data", tmp_path, "--ledger", "postgresql://localhost:1/x", expect=2)


async def test_a_service_starts_from_a_file_alone(tmp_path: Path) -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    write_directory(tmp_path / "directory", desk)
    async with Mailbox(tmp_path / "mails") as mailbox:
        file = tmp_path / "tocsin.toml"
        file.write_text(
            '[process]\ndata = "data"\n[directory]\npath = "directory"\n'
            f'[mail]\nrelay = "{HOST}:{mailbox.port}"\ntls = "none"\nfrom = "Support <support@desk.example>"\n'
            'installation = "tocsin.desk.example"\n[fax]\nsubject = "{reference}"\n'
        )
        emitted = await in_thread("--settings", file, "emit", write_events(tmp_path / "events.jsonl", [created(1)]))
        assert emitted.returncode == 0, emitted.stderr
        done = await in_thread("up", "--drain", TOCSIN_SETTINGS=str(file), TOCSIN_KAKFA="x")
        assert (done.returncode, done.stdout) == (0, "jobs: 1 delivered\n"), done.stderr
        (mail,) = mailbox.received
        assert b"@tocsin.desk.example>" in mail.path.read_bytes()
        assert "unknown_variable" in done.stderr
        lacking = await in_thread("up", "--drain")
        assert lacking.returncode == 2, "the control: without the file it lacks what it needs"
        listed = await in_thread("--settings", file, "jobs", "list", "--json")
        assert json.loads(listed.stdout)["state"] == "delivered"


async def in_thread(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """As `alone`, while the mailbox of this process goes on."""
    return await asyncio.to_thread(alone, *arguments, **environment)
