"""What is said of settings that can't be used: each fault with its place, and what is allowed there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.settings.values import written
from tocsin.config.check import all_faults
from tocsin.config.settings.declared import used_by
from tocsin.config.settings.declared.kafka import KAFKA, KAFKA_PREFIX
from tocsin.config.settings.declared.sending import STORM_LIMIT
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.reading import read_settings
from tocsin.config.settings.variables import unknown_variables

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
    (
        "[kafka]\nbrokers = 'kafka://a:9092'\n[mail]\nrelay = 'smtp://b:25'\n",
        {},
        [
            (
                "F:2: kafka.brokers: 'kafka://a:9092' is not of the form HOST:PORT: leave out what stands before the "
                "host's name"
            ),
            "F:4: mail.relay: 'smtp://b:25' is not of the form HOST:PORT: leave out what stands before the host's name",
        ],
    ),
    ("[kafka]\nbrokers = '[::1]:9092,b-1.example:9093'\n", {}, []),
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
        [
            (
                "F:2: mail.listen: there is no such setting: did you mean `process.listen` or `http.listen` or "
                "`opt_out.listen`?"
            )
        ],
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
    (
        "[mail]\nhello = 'my host'\n",
        {},
        ["F:2: mail.hello: 'my host' is not a domain name in ASCII, nor an address in brackets"],
    ),
    ("", {"TOCSIN_SMTP_CA": "/no/ca"}, ["TOCSIN_SMTP_CA: /no/ca can't be read: No such file or directory"]),
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
        (lambda file: file.write_bytes(b"#" * 1_048_577), "it has 1048577 bytes, 1048576 are allowed"),
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
