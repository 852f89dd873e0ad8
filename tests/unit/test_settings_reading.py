"""Which value is in force, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka.settings import Mechanism
from sender.storms.storm import StormEnd
from tests.support.settings.values import in_toml, sample, written
from tocsin.config.settings.declared import SETTINGS, used_by
from tocsin.config.settings.declared.kafka import KAFKA, KAFKA_CA, KAFKA_PASSWORD, KAFKA_SASL
from tocsin.config.settings.declared.processes import DATA, LOG_FORMAT, LOG_LEVEL
from tocsin.config.settings.declared.sending import LEDGER, STORM_END, STORM_LIMIT
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.kinds import Choice
from tocsin.config.settings.reading import read_settings
from tocsin.config.settings.secret_files import MOST_BYTES, read_secret
from tocsin.config.settings.setting import Secrecy, Setting
from tocsin.config.settings.variables import unknown_variables
from tocsin.logs.settings import LogFormat, LogLevel

OPEN = [setting for setting in SETTINGS if setting.secrecy is Secrecy.OPEN]
SECRET = [setting for setting in SETTINGS if setting.is_secret]
COMBINATIONS = list(product((False, True), repeat=3))


def strongest(setting: Setting[Any], folder: Path, present: Sequence[bool]) -> tuple[Settings, Any, str]:
    """The settings where option, variable and file are present or not, with the value and origin that should win."""
    option, variable, file = present
    texts = [sample(setting, number, folder) for number in range(3)]
    toml = folder / "tocsin.toml"
    toml.write_text("# a first line\n" + (in_toml(setting, texts[2]) if file else ""))
    settings = read_settings(toml, {setting.variable: texts[1]} if variable else {}).checked()
    if option:
        settings = settings.with_options({setting: setting.kind.parse(texts[0])})
        return settings, setting.kind.parse(texts[0]), f"option {setting.option or ''}".rstrip()
    if variable:
        return settings, setting.kind.parse(texts[1]), f"environment {setting.variable}"
    return settings, setting.kind.parse(texts[2]) if file else setting.default, f"file {toml}:3" if file else "default"


@pytest.mark.parametrize("setting", OPEN, ids=lambda setting: setting.key)
def test_the_strongest_source_wins_and_is_named(setting: Setting[Any], tmp_path: Path) -> None:
    for present in COMBINATIONS:
        settings, value, origin = strongest(setting, tmp_path, present)
        assert (settings[setting], str(settings.origin(setting))) == (value, origin), present


@pytest.mark.parametrize("setting", SECRET, ids=lambda setting: setting.key)
def test_a_secret_comes_from_its_variable_or_a_file_of_its_own(setting: Setting[Any], tmp_path: Path) -> None:
    by_variable, by_file = tmp_path / "by-variable", tmp_path / "by-file"
    one, two, three = (sample(setting, number, tmp_path) for number in range(3))
    by_variable.write_text(f"{one}\n")
    by_file.write_text(f"{two}\r\n")
    table, _, name = setting.file_key.partition(".")
    toml = tmp_path / "tocsin.toml"
    toml.write_text(f'[{table}]\n{name} = "by-file"\n')
    ways: list[tuple[dict[str, str], str, str]] = [
        ({setting.variable: three}, three, f"environment {setting.variable}"),
        (
            {setting.file_variable: str(by_variable)},
            one,
            f"secret file {by_variable} (environment {setting.file_variable})",
        ),
        ({}, two, f"secret file {by_file} (file {toml}:2)"),
    ]
    for environment, value, origin in ways:
        settings = read_settings(toml, environment).checked()
        assert (settings[setting], str(settings.origin(setting))) == (value, origin)


def test_a_variable_that_is_empty_is_not_set() -> None:
    assert str(read_settings(None, {"TOCSIN_KAFKA": ""}).checked().origin(KAFKA)) == "default"


def test_paths_in_the_file_are_relative_to_its_folder(tmp_path: Path) -> None:
    file = written(tmp_path, '[process]\ndata = "data"\n')
    assert read_settings(file, {}).checked()[DATA] == tmp_path / "data"
    assert read_settings(file, {"TOCSIN_DATA": "data"}).checked()[DATA] == Path("data")


def test_what_a_command_does_not_use_is_checked_in_the_file_alone(tmp_path: Path) -> None:
    file = written(tmp_path, '[mail]\npassword_file = "absent"\n[kafka]\nca = "absent"\n[storm]\nlimit = 5\n')
    elsewhere = {"TOCSIN_STORM_LIMIT": "ten", "TOCSIN_SMTP_PASSWORD_FILE": "absent"}
    assert not read_settings(file, elsewhere, used_by("pauses")).faults
    assert len(read_settings(file, elsewhere).faults) == 4
    with pytest.raises(KeyError):
        read_settings(file, {}, used_by("pauses")).settings[STORM_LIMIT]


def test_a_secret_that_another_comes_before_need_not_be_there(tmp_path: Path) -> None:
    file = written(tmp_path, '[kafka]\npassword_file = "absent"\n')
    assert read_settings(file, {"TOCSIN_KAFKA_PASSWORD": "one"}).checked()[KAFKA_PASSWORD] == "one"
    assert len(read_settings(file, {}).faults) == 1


def test_a_word_of_a_few_may_be_in_any_case(tmp_path: Path) -> None:
    file = written(tmp_path, "[storm]\nend = 'Wait'\n")
    environment = {"TOCSIN_LOG_LEVEL": "INFO", "TOCSIN_LOG_FORMAT": "Json", "TOCSIN_KAFKA_SASL": "scram-sha-512"}
    settings = read_settings(file, environment).checked()
    words: list[Setting[Any]] = [STORM_END, LOG_LEVEL, LOG_FORMAT, KAFKA_SASL]
    assert [settings[one] for one in words] == [StormEnd.WAIT, LogLevel.INFO, LogFormat.JSON, Mechanism.SCRAM_SHA_512]


class Mixed(StrEnum):
    ONE = "one"
    TWO = "Two"


def test_words_of_both_cases_are_taken_as_they_are() -> None:
    """The control."""
    mixed = Choice(Mixed)
    assert mixed.parse("Two") == "Two"
    with pytest.raises(ValueError, match="'ONE' is not one of one, Two"):
        mixed.parse("ONE")


def test_the_place_to_mend_is_where_the_value_came_from(tmp_path: Path) -> None:
    file = written(tmp_path, "[storm]\nlimit = 3\n")
    settings = read_settings(file, {"TOCSIN_KAFKA": "a:1"}).checked()
    assert settings.named(STORM_LIMIT) == f"{file}:2: storm.limit"
    assert settings.named(KAFKA) == "TOCSIN_KAFKA"
    assert settings.with_options({KAFKA: "b:1"}).named(KAFKA) == "--kafka"
    assert settings.named(LEDGER) == "ledger.url (--ledger, TOCSIN_LEDGER, TOCSIN_LEDGER_FILE)"
    assert settings.named(KAFKA_PASSWORD) == "kafka.password_file (TOCSIN_KAFKA_PASSWORD, TOCSIN_KAFKA_PASSWORD_FILE)"
    assert settings.named(KAFKA_CA) == "kafka.ca (TOCSIN_KAFKA_CA)"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"x" * (MOST_BYTES + 1), "65536 are allowed"),
    ],
)
def test_a_secret_file_that_holds_no_secret_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read_secret("secret", tmp_path)


def test_only_the_line_end_is_no_part_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b" a b \r\n")
    assert read_secret("secret", tmp_path) == read_secret(str(tmp_path / "secret")) == " a b "


def test_a_variable_that_sets_nothing_is_named_with_what_may_be_meant() -> None:
    names = ["TOCSIN_KAKFA", "TOCSIN_ZZZ", "KAFKA", "PATH", "TOCSIN_KAFKA", "TOCSIN_SETTINGS", "TOCSIN_LEDGER_FILE"]
    assert [str(one) for one in unknown_variables(names)] == [
        "TOCSIN_KAKFA: there is no such setting, so it has no effect: did you mean `TOCSIN_KAFKA`?",
        "TOCSIN_ZZZ: there is no such setting, so it has no effect",
    ]


def test_variables_that_kubernetes_sets_about_services_are_passed_over() -> None:
    of_kubernetes = [
        "TOCSIN_PORT",
        "TOCSIN_SERVICE_HOST",
        "TOCSIN_SERVICE_PORT",
        "TOCSIN_SERVICE_PORT_HTTP",
        "TOCSIN_SENDER_SERVICE_HOST",
        "TOCSIN_SENDER_PORT_9464_TCP",
        "TOCSIN_SENDER_PORT_9464_TCP_ADDR",
    ]
    assert unknown_variables(of_kubernetes) == []
    assert len(unknown_variables(["TOCSIN_REPORT", "TOCSIN_SERVICE_HOSTS", "TOCSIN_SMTP_PORT_25"])) == 3
