"""Which value is in force, where it came from, and what is said of one that can't be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka.settings import Mechanism
from sender.storm import StormEnd
from tests.setting_values import in_toml, sample
from tocsin.logs.settings import LogFormat, LogLevel
from tocsin.running.settings_check import all_faults
from tocsin.settings.declared import SETTINGS, used_by
from tocsin.settings.declared.kafka import KAFKA, KAFKA_CA, KAFKA_PASSWORD, KAFKA_PREFIX, KAFKA_SASL
from tocsin.settings.declared.processes import DATA, LOG_FORMAT, LOG_LEVEL
from tocsin.settings.declared.sending import LEDGER, STORM_END, STORM_LIMIT
from tocsin.settings.faults import SettingsError
from tocsin.settings.kinds import Choice
from tocsin.settings.reading import Settings, read_settings
from tocsin.settings.secret_files import MOST_BYTES, read_secret
from tocsin.settings.setting import Secrecy, Setting
from tocsin.settings.variables import unknown_variables

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
    by_variable.write_text("one\n")
    by_file.write_text("two\r\n")
    table, _, name = setting.file_key.partition(".")
    toml = tmp_path / "tocsin.toml"
    toml.write_text(f'[{table}]\n{name} = "by-file"\n')
    ways: list[tuple[dict[str, str], str, str]] = [
        ({setting.variable: "three"}, "three", f"environment {setting.variable}"),
        (
            {setting.file_variable: str(by_variable)},
            "one",
            f"secret file {by_variable} (environment {setting.file_variable})",
        ),
        ({}, "two", f"secret file {by_file} (file {toml}:2)"),
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
    assert not read_settings(file, elsewhere, used_by("jobs")).faults
    assert len(read_settings(file, elsewhere).faults) == 4
    with pytest.raises(KeyError):
        read_settings(file, {}, used_by("jobs")).settings[STORM_LIMIT]


def test_a_secret_that_another_comes_before_need_not_be_there(tmp_path: Path) -> None:
    file = written(tmp_path, '[kafka]\npassword_file = "absent"\n')
    assert read_settings(file, {"TOCSIN_KAFKA_PASSWORD": "one"}).checked()[KAFKA_PASSWORD] == "one"
    assert len(read_settings(file, {}).faults) == 1


def written(folder: Path, text: str) -> Path:
    (folder / "tocsin.toml").write_text(text)
    return folder / "tocsin.toml"


FAULTS: list[tuple[str, Mapping[str, str], list[str]]] = [
    ("[kafka]\nbroker = 'a:1'\n", {}, ["F:2: kafka.broker: there is no such setting: did you mean `kafka.brokers`?"]),
    ("[kafak]\nbrokers = 'a:1'\n", {}, ["F:2: kafak.brokers: there is no table [kafak]: did you mean `kafka`?"]),
    ("kafka = 'a:1'\n", {}, ["F:1: kafka: this is a table: begin it with [kafka] on a line of its own"]),
    ("brokers = 'a:1'\n", {}, ["F:1: brokers: there is no such setting: did you mean `kafka.brokers`?"]),
    ("[kafak]\n", {}, ["F:1: kafak: there is no table [kafak]: did you mean `kafka`?"]),
    ("[kafka]\nbrokers = \n", {}, ["F:2:11: this is no TOML: Invalid value"]),
    ("[kafka]\nprefix='a'\nprefix='b'\n", {}, ["F:3:11: this is no TOML: Cannot overwrite a value"]),
    (
        "[kafka]\nbrokers = 9092\n",
        {},
        ["F:2: kafka.brokers: 9092 is not of the form HOST:PORT, with commas between them"],
    ),
    (
        f"[storm]\nlimit = {'9' * 5_000}\n",
        {},
        ["F: this is no TOML: a number is too long, or lists are nested too deep"],
    ),
    (
        f"[storm]\nlimit = {'[' * 5_000}\n",
        {},
        ["F: this is no TOML: a number is too long, or lists are nested too deep"],
    ),
    ("[kafka]\nbrokers = 'a'\n", {}, ["F:2: kafka.brokers: 'a' is not of the form HOST:PORT"]),
    ("[kafka]\ntls = 'on'\n", {}, ["F:2: kafka.tls: 'on' is not true or false"]),
    ("[storm]\nlimit = true\n", {}, ["F:2: storm.limit: True is not a whole number of at least 0"]),
    ("[storm]\nlimit = -1\n", {}, ["F:2: storm.limit: -1 is not a whole number of at least 0"]),
    ("[storm]\nwindow = nan\n", {}, ["F:2: storm.window: nan is not a number of at least 0.1"]),
    ("[storm]\nend = 'never'\n", {}, ["F:2: storm.end: 'never' is not one of digest, wait"]),
    (
        "[delivery]\nlive_customers = 'a'\n",
        {},
        ["F:2: delivery.live_customers: 'a' is not a list of words without blanks"],
    ),
    ("[delivery]\nmode = 'off'\n", {}, ["F:2: delivery.mode: 'off' is none of `live`, `hold` and `redirect:ADDRESS`"]),
    (
        "[mail]\npassword = 's3cret'\n",
        {},
        [
            (
                "F:2: mail.password: a secret has no place in this file: put it into a file of its own, and name that "
                "in mail.password_file"
            )
        ],
    ),
    (
        "[ledger]\nurl = 'postgresql://u:s3cret@h/d'\n",
        {},
        [
            (
                "F:2: ledger.url: a password has no place in this file: put the whole URL into a file of its own, and "
                "name that in ledger.url_file"
            )
        ],
    ),
    ("[mail]\npassword_file = 3\n", {}, ["F:2: mail.password_file: a number is not the name of a file"]),
    (
        "[kafka]\nprefix = 'a b'\n",
        {},
        [
            (
                "F:2: kafka.prefix: 'a b' can't begin the name of a topic: use ASCII letters, digits, '.', '_' and "
                "'-', up to 200"
            )
        ],
    ),
    (f"[kafka]\nprefix = 'Ab.c_d-{'9' * 193}'\n", {}, []),
    (
        "[process]\ndata = 'a'\n[rules]\nfile = \"b\\u0000c\"\n",
        {},
        [r"F:4: rules.file: 'TMP/b\x00c' can't be a name of a file or folder: there is a NUL in it"],
    ),
    (
        "\n\nkafka = {brokers = 'a:1', password = 'x'}\n",
        {},
        [
            (
                "F:3: kafka.password: a secret has no place in this file: put it into a file of its own, and name that "
                "in kafka.password_file"
            )
        ],
    ),
    ("\n[[kafka]]  # twice\n", {}, ["F:2: kafka: this is a table: begin it with [kafka] on a line of its own"]),
    (
        "[delivery]\nlive_customers = [\n  'a',\n  [1],\n  [\"b\"], # ]\n  ['c']\n]\nmode = 1\n",
        {},
        [
            "F:8: delivery.mode: 1 is not a mode",
            "F:2: delivery.live_customers: ['a', [1], ['b'], ['c']] is not a list of words without blanks",
        ],
    ),
    ("# \u2028 \u0085\n[fax]\nsubject = 'a#]\u2028'\npdf = 1\n", {}, ["F:4: fax.pdf: 1 is not true or false"]),
    (
        "[fax]\nsubject = QQQ\n[[\\QQQ'SSSQQ QQQ\naddress = SSS\nQQQ {SSSS\npdf = 1\n".replace("Q", '"').replace(
            "S", "'"
        ),
        {},
        ["F:6: fax.pdf: 1 is not true or false"],
    ),
    ("\ufeff[kafka]\nbrokers = 'a'\n", {}, ["F:2: kafka.brokers: 'a' is not of the form HOST:PORT"]),
    (
        "[mail]\nlisten = 'a:1'\n",
        {},
        ["F:2: mail.listen: there is no such setting: did you mean `process.listen` or `opt_out.listen`?"],
    ),
    ("[kafka]\nwindow = 3\n", {}, ["F:2: kafka.window: there is no such setting: did you mean `storm.window`?"]),
    (
        '"evil\\nTOCSIN_X: all is well\\u001b[31m" = 1\n',
        {},
        [r"F: evil\nTOCSIN_X: all is well\x1b[31m: there is no such setting"],
    ),
    ("", {"TOCSIN_STORM_LIMIT": "ten"}, ["TOCSIN_STORM_LIMIT: 'ten' is not a whole number of at least 0"]),
    ("", {"TOCSIN_KAFKA_TLS": "maybe"}, ["TOCSIN_KAFKA_TLS: 'maybe' is not on or off"]),
    ("", {"TOCSIN_MAIL_FROM": "x"}, ["TOCSIN_MAIL_FROM: 'x' is not of the form 'Support <support@desk.example>'"]),
    (
        "",
        {"TOCSIN_INSTANCE": "a b"},
        ["TOCSIN_INSTANCE: 'a b' is no name of a process: use letters, digits, '.', '_' and '-'"],
    ),
    ("", {"TOCSIN_KAFKA_CA": "/no/ca"}, ["TOCSIN_KAFKA_CA: /no/ca can't be read: No such file or directory"]),
    (
        "",
        {"TOCSIN_SMTP_PASSWORD_FILE": "/no/password"},
        ["TOCSIN_SMTP_PASSWORD_FILE: /no/password can't be read: No such file or directory"],
    ),
    (
        "",
        {"TOCSIN_SMTP_PASSWORD": "s3cret", "TOCSIN_SMTP_PASSWORD_FILE": "/dev/null"},
        [
            "TOCSIN_SMTP_PASSWORD_FILE: TOCSIN_SMTP_PASSWORD says the same: keep one of them",
        ],
    ),
    (
        "[storm]\nlimit = 'ten'\n",
        {"TOCSIN_STORM_LIMIT": "5"},
        ["F:2: storm.limit: 'ten' is not a whole number of at least 0"],
    ),
    ("[process]\ndata = 3\n", {"TOCSIN_DATA": "x"}, ["F:2: process.data: 3 is not a folder"]),
    (
        "[storm]\nlimit = 'ten'\n",
        {"TOCSIN_STORM_WINDOW": "wide"},
        [
            "F:2: storm.limit: 'ten' is not a whole number of at least 0",
            "TOCSIN_STORM_WINDOW: 'wide' is not a number of at least 0.1",
        ],
    ),
    (
        '# """\n[mail]\n"relay" = "a:25"\n[fax]\nsubject = """\nlimit = 1\n"""\npdf = 1\n',
        {},
        ["F:8: fax.pdf: 1 is not true or false"],
    ),
]


@pytest.mark.parametrize(("text", "environment", "faults"), FAULTS)
def test_each_fault_says_where_and_what_is_allowed(
    text: str, environment: Mapping[str, str], faults: list[str], tmp_path: Path
) -> None:
    file = written(tmp_path, text)
    found = [
        str(fault).replace(str(file), "F").replace(str(tmp_path), "TMP")
        for fault in read_settings(file, environment).faults
    ]
    assert found == faults


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "No such file or directory"),
        (lambda file: file.mkdir(), "Is a directory"),
        (lambda file: file.write_bytes(b"\xff"), "it is no text in UTF-8"),
        (lambda file: file.write_bytes(b"#" * 1_048_577), "larger than 1048576 bytes"),
    ],
)
def test_a_file_that_can_not_be_read_is_named(make: Callable[[Path], object], said: str, tmp_path: Path) -> None:
    make(tmp_path / "tocsin.toml")
    (fault,) = read_settings(tmp_path / "tocsin.toml", {}).faults
    assert fault.where == str(tmp_path / "tocsin.toml")
    assert said in fault.problem


def test_a_fault_is_one_line_that_can_be_read(tmp_path: Path) -> None:
    file = written(tmp_path, f"[kafka]\nbrokers = '{'x' * 400_000}'\n{'k' * 400_000} = 1\n")
    faults = read_settings(file, {"TOCSIN_STORM_LIMIT": "\x1b[2J\n" + "9" * 4_000 + "x"}).faults
    assert len(faults) == 3
    for fault in faults:
        assert str(fault).isprintable()
        assert len(str(fault)) < 700
        assert "…" in str(fault)
    (unknown,) = unknown_variables(["TOCSIN_A\nTOCSIN_B"])
    assert str(unknown).startswith(r"TOCSIN_A\nTOCSIN_B: there is no such setting, so it has no effect")


@pytest.mark.parametrize("text", [None, "[kafka\n"])
def test_nothing_is_said_to_be_missing_where_the_file_can_not_be_read(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        written(tmp_path, text)
    environment = {"TOCSIN_KAFKA_USERNAME": "tocsin"}
    used = used_by("engine")
    assert len(list(all_faults(read_settings(tmp_path / "tocsin.toml", environment, used), used, "engine"))) == 1
    # The control: without a file, what is missing is named.
    assert len(list(all_faults(read_settings(None, environment, used), used, "engine"))) > 1


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


def test_a_prefix_that_no_topic_can_have_is_refused() -> None:
    for prefix in ("a/b", "é.", "a\n", "a" * 201):
        (fault,) = read_settings(None, {"TOCSIN_KAFKA_PREFIX": prefix}).faults
        assert "can't begin the name of a topic" in fault.problem
    with pytest.raises(SettingsError, match="--prefix: 'a b' can't begin"):
        read_settings(None, {}).settings.with_options({KAFKA_PREFIX: "a b"})


def test_an_option_that_can_not_be_used_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(None, {}).settings.with_options({KAFKA: "nobody", STORM_LIMIT: -1})
    assert str(caught.value).splitlines() == [
        "--kafka: 'nobody' is not of the form HOST:PORT",
        "--storm-limit: -1 is not a whole number of at least 0",
    ]


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
        (b"x" * (MOST_BYTES + 1), "larger than"),
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
