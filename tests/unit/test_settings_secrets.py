"""A secret shows nowhere: not in what `tocsin settings` prints, not in help, messages, logs or `repr`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli.app import app
from tocsin.cli.console import WRONG_SETTINGS
from tocsin.config.settings.declared import SETTINGS
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.forms import host_and_port
from tocsin.config.settings.in_force import Held
from tocsin.config.settings.masking import holds_password, without_password
from tocsin.config.settings.reading import read_settings
from tocsin.config.settings.secret_files import read_secret
from tocsin.config.settings.setting import Secrecy, Setting
from tocsin.config.settings.toml_file import read_toml

MARKED = "Zx9-marked-secret"
SECRETS = [setting for setting in SETTINGS if setting.is_secret]
PATTERNS = {
    "texts.sms": f"json://user:{MARKED}@localhost/{{address}}",
    "texts.chat": f"json://user:{MARKED}@localhost/{{address}}",
    "ledger.url": f"postgresql://tocsin:{MARKED}@localhost:1/tocsin?sslpassword={MARKED}",
}
REST = {
    "TOCSIN_KAFKA": "localhost:1",
    "TOCSIN_KAFKA_SASL": "PLAIN",
    "TOCSIN_KAFKA_USERNAME": "tocsin",
    "TOCSIN_SMTP_USERNAME": "tocsin",
    "TOCSIN_MAIL_FROM": "Support <support@desk.example>",
    "TOCSIN_INSTANCE": "one",
    "TOCSIN_OPT_OUT_LISTEN": "127.0.0.1:0",
    "TOCSIN_OPT_OUT_MAILTO": "stop@desk.example",
}
URL = f"postgresql://tocsin:{MARKED}@127.0.0.1:1/tocsin?connect_timeout=1"


@pytest.mark.parametrize("url", [URL, URL.replace(f":{MARKED}", "")])
def test_a_password_on_the_command_line_is_warned_of_once_and_not_repeated(url: str) -> None:
    result = CliRunner().invoke(app, ["jobs", "list", "--ledger", url], env={"TOCSIN_LEDGER": None})
    assert result.stderr.count("can be read by everybody on this machine") == (1 if url == URL else 0)
    assert ("TOCSIN_LEDGER_FILE" in result.stderr) is (url == URL)
    assert MARKED not in result.output


def test_one_in_a_variable_is_not_warned_of() -> None:
    """The control: other users don't see that."""
    result = CliRunner().invoke(app, ["jobs", "list"], env={"TOCSIN_LEDGER": URL})
    assert "everybody" not in result.stderr


def test_a_service_says_so_in_a_line_of_its_log() -> None:
    result = CliRunner().invoke(
        app, ["opt-out", "--ledger", URL, "--listen", "127.0.0.1:0"], env={"TOCSIN_LEDGER": None}
    )
    assert '"event":"password_on_command_line","option":"--ledger"' in result.stderr
    assert MARKED not in result.output


@pytest.mark.parametrize("text", [f"smtp://u:{MARKED}@h:25", f"u:{MARKED}@h:25", f"u:{MARKED}@h"])
def test_what_should_be_no_url_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match=r"\*\*\*@h.* is not of the form HOST:PORT") as refused:
        host_and_port(text)
    assert MARKED not in str(refused.value)


COMMANDS = [
    ("settings",),
    ("settings", "--json"),
    *(("settings", "--service", name) for name in ("engine", "sender", "up", "opt-out", "jobs", "bounces")),
    ("settings", "--example"),
    ("--help",),
    ("settings", "--help"),
    ("sender", "--help"),
    ("engine", "--help"),
    # What can't be used makes messages.
    ("sender", "--smtp", "nobody"),
    ("sender", "--tls", "none"),
    ("sender", "--installation", "no domain"),
    ("up", "--opt-out-url", "http://nobody"),
    ("up", "--mode", "nothing"),
    ("jobs", "list"),
    # With settings that are right it waits for its ledger.
    ("opt-out", "--listen", "nowhere"),
]


def values() -> dict[str, str]:
    return {setting.key: PATTERNS.get(setting.key, MARKED) for setting in SECRETS}


def by_variable(folder: Path) -> dict[str, str]:
    return {setting.variable: values()[setting.key] for setting in SECRETS}


def by_file(folder: Path) -> dict[str, str]:
    files = {setting.file_variable: folder / setting.key for setting in SECRETS}
    for setting in SECRETS:
        files[setting.file_variable].write_text(values()[setting.key])
    return {name: str(file) for name, file in files.items()}


def in_the_file_itself(folder: Path) -> dict[str, str]:
    lines = [f'{key} = "{value}"\n' for key, value in values().items()]
    (folder / "tocsin.toml").write_text("".join(lines))
    return {"TOCSIN_SETTINGS": str(folder / "tocsin.toml")}


def shown(environment: dict[str, str], folder: Path) -> Iterator[str]:
    data = {"TOCSIN_DATA": str(folder / "data"), "TOCSIN_DIRECTORY": str(folder)}
    for command in COMMANDS:
        result = CliRunner().invoke(app, list(command), env={**REST, **data, **environment})
        assert result.exception is None or isinstance(result.exception, SystemExit), command
        yield result.output
    path = folder / "tocsin.toml"
    reading = read_settings(path if path.exists() else None, environment)
    yield repr(reading)
    yield repr(reading.settings)
    if path.exists():
        yield repr(read_toml(path))


@pytest.mark.parametrize("given", [by_variable, by_file, in_the_file_itself])
def test_a_secret_shows_nowhere(given: object, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert callable(given)
    environment = given(tmp_path)
    found = [text for text in shown(environment, tmp_path) if MARKED in text]
    logged = capfd.readouterr()
    assert not found
    assert MARKED not in logged.out + logged.err


def test_the_search_finds_what_is_no_secret(tmp_path: Path) -> None:
    """The control: the same search for a name that may be seen."""
    texts = list(shown({"TOCSIN_SMTP_USERNAME": MARKED}, tmp_path))
    assert sum(MARKED in text for text in texts) >= 3
    assert sum("***" in text for text in shown(by_variable(tmp_path), tmp_path)) >= 3


def test_every_setting_that_is_named_like_a_secret_is_one() -> None:
    words = ("password", "secret", "token")
    named = {one.key for one in SETTINGS if any(word in one.key for word in words)}
    # It names a file that holds digests alone.
    assert named - {"http.tokens"} <= {one.key for one in SECRETS}
    assert [one.key for one in SECRETS if one.secrecy is Secrecy.WITHIN] == ["ledger.url"]


def test_what_is_held_shows_no_value() -> None:
    held = read_settings(None, {"TOCSIN_SMTP_PASSWORD": MARKED}).settings
    assert MARKED not in repr(held)
    assert MARKED not in repr(Held(MARKED, held.origin(SECRETS[0])))
    assert MARKED not in repr(SettingsError.at("TOCSIN_SMTP_PASSWORD", "it is wrong"))


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p@ss@h:5432,g:5432/d", "postgresql://u:***@h:5432,g:5432/d"),
        ("postgresql://u:p/w?x@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h/d?password=p&sslmode=require", "postgresql://h/d?password=***&sslmode=require"),
        ("postgresql://h/d?sslpassword=p", "postgresql://h/d?sslpassword=***"),
        ("host=h user=u password=p dbname=d", "host=h user=u password=*** dbname=d"),
        ("host=h password = 'a b' dbname=d", "host=h password = *** dbname=d"),
        (r"host=h password='a\'b c' dbname=d", "host=h password=*** dbname=d"),
        ("postgresql://h/d?pass%77ord=p&sslmode=require", "postgresql://h/d?pass%77ord=***&sslmode=require"),
        ("postgresql://h/d?oauth_client_secret=p", "postgresql://h/d?oauth_client_secret=***"),
        ("postgresql://h/d?PASSWORD=a b'c", "postgresql://h/d?PASSWORD=***"),
        ("postgresql://h/d?a?password=p", "postgresql://h/d?a?password=***"),
        ("postgresql://h/d?password=password=p", "postgresql://h/d?password=***"),
        ("postgresql://u/x:p@h/d", "postgresql://u/x:***@h/d"),
        ("postgresql://u@desk:p@h/d", "postgresql://u@desk:***@h/d"),
        ("postgresql://u@h:5432/d?application_name=a@b", "postgresql://u@h:5432/d?application_name=a@b"),
        ("postgresql://h/d?application_name=password", "postgresql://h/d?application_name=password"),
        ("postgresql://h/d?secretive=no&passwords=no", "postgresql://h/d?secretive=no&passwords=no"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, masked: str) -> None:
    assert without_password(url) == masked
    assert holds_password(url) == (url != masked)


SLIPS = [
    '[ledger]\nurl_file = "postgresql://u:S@h/db"\n',
    '[ledger]\nurl = ["postgresql://u:S@h/db"]\n',
    '[texts]\nsms_file = {url = "S"}\n',
    '[mail]\npassword_file = ["S"]\n',
    '[opt_out]\nsecrets_file = ["S"]\n',
    '[mail]\npassword_file = "S"\n',
    '[mail]\npassword_file = "S!"\n',
    '[mail]\npassword_file = "S/+w="\n',
    '[mail]\npassword_file = "S\\u0000"\n',
]


@pytest.mark.parametrize("text", SLIPS)
def test_a_secret_in_place_of_the_name_of_its_file_is_not_shown(text: str, tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text(text.replace("S", MARKED))
    result = CliRunner().invoke(app, ["--settings", str(tmp_path / "tocsin.toml"), "settings"])
    assert result.exit_code == WRONG_SETTINGS
    assert f"{tmp_path}/tocsin.toml:2: {text[1:].partition(']')[0]}." in result.output
    assert MARKED not in result.output


@pytest.mark.parametrize("value", [MARKED, f"postgresql://u:{MARKED}@h/db", f"a\\b:{MARKED}"])
@pytest.mark.parametrize("setting", SECRETS, ids=lambda setting: setting.key)
def test_neither_is_one_in_the_variable_that_names_a_file(setting: Setting[Any], value: str) -> None:
    (fault,) = read_settings(None, {setting.file_variable: value}).faults
    assert str(fault) == (
        f"{setting.file_variable}: it names no file that can be read (No such file or directory); "
        "a secret itself belongs into a file"
    )


def test_a_name_that_looks_like_a_path_is_shown(tmp_path: Path) -> None:
    """The control."""
    for name in ("/no/password", "./password", "of-relay/password", "relay.password", r"no\password"):
        with pytest.raises(ValueError, match="can't be read: No such file") as caught:
            read_secret(name, tmp_path)
        assert str(caught.value).startswith(str(tmp_path / name))
