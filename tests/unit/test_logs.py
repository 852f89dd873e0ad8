"""How lines look, from us and from libraries: their form, their level, and what is said of errors."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog

from tocsin.logs import LogSettingsError, log_to_stderr
from tocsin.logs.settings import secrets_of
from tocsin.logs.setup import MOST_KNOWN, Repeats

SECRET = "s3cr3t-p4ss"
TITLE = "Invoices do not print"
log = structlog.get_logger()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_each_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(environment={})
    log.info("decided", event_id="E-1", jobs=2, triggers=["opened"])
    log.warning("odd", value={"a": {1: b"x"}}, text="two\nlines \ud800")
    logging.getLogger("kafka.net").warning("lost %s", "kafka-1:9092")
    logging.getLogger("sender.delivery.rounds").info("job_changed", extra={"job_id": "j", "event_id": "E-1"})
    logging.getLogger("kafka").info("%d records", "no number")
    first, odd, library, ours, wrong = lines(capsys)
    assert wrong["event"] == "%d records"
    assert list(first) == ["timestamp", "level", "event", "event_id", "jobs", "triggers"]
    assert (first["level"], first["event"], first["event_id"], first["jobs"]) == ("info", "decided", "E-1", 2)
    assert odd["text"] == "two\nlines \\ud800"
    assert (library["event"], library["logger"]) == ("lost kafka-1:9092", "kafka.net")
    assert (ours["event"], ours["event_id"], "logger" in ours) == ("job_changed", "E-1", False)


def test_a_library_writes_one_line_of_text_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(environment={"TOCSIN_LOG_FORMAT": "text"})
    logging.getLogger("kafka").warning("lost\n2026-03-02T09:15:00Z [info] decided \x1b[31m")
    assert len(capsys.readouterr().err.splitlines()) == 1


ACTS = "\x1b]8;;http://e\x07\x9b31m\x7f\u202e\u2066\u200f\u2028\ufeff\u200b\n{[bold]X[/]"


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_that_others_wrote_acts_on_a_terminal(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(environment={"TOCSIN_LOG_FORMAT": form}, level=logging.DEBUG)
    log.warning(ACTS, said=ACTS, values=[ACTS], record_id=ACTS, **{ACTS: {ACTS: ACTS}})
    logging.getLogger("kafka").warning("lost %s", ACTS)
    log.error("failed", exc_info=ValueError(ACTS))
    log.warning("ascii", said="\x7f")
    written = capsys.readouterr().err
    assert [one for one in written if not one.isprintable() and one != "\n"] == []
    assert written.count("[bold]X[/]") == 9
    told = written.splitlines()
    assert len(told) == 4
    if form == "json":
        assert json.loads(told[0])["said"] == ACTS


def test_what_a_library_repeats_is_said_once_a_minute() -> None:
    now = [0.0]
    repeats = Repeats(lambda: now[0])
    lost, other = (logging.LogRecord("kafka.net", 40, "", 0, text, ("kafka-1",), None) for text in ("lost %s", "no %s"))
    assert [repeats.is_one(lost), repeats.is_one(other), repeats.is_one(lost)] == [False, False, True]
    now[0] = 61.0
    assert not repeats.is_one(lost)
    for number in range(2 * MOST_KNOWN):
        repeats.is_one(logging.LogRecord("kafka.net", 40, "", 0, f"{number}", (), None))
        assert len(repeats._said) <= MOST_KNOWN


WORK = """
import structlog
from tocsin.logs import log_to_stderr
log_to_stderr()
for number in range(3):
    structlog.get_logger().info("decided", number=number)
print("went on")
"""


@pytest.mark.parametrize("reader", ["a full disk", "nobody"])
def test_a_line_that_can_not_be_written_stops_nothing(reader: str) -> None:
    gone, writing = os.pipe()
    os.close(gone)
    with os.fdopen(writing, "wb") as pipe, Path("/dev/full").open("wb") as full:
        to = {"a full disk": full, "nobody": pipe}[reader]
        done = subprocess.run([sys.executable, "-c", WORK], stdout=subprocess.PIPE, stderr=to, timeout=60, check=False)
    assert (done.stdout, done.returncode) == (b"went on\n", 0)


def test_a_variable_of_another_program_that_names_no_file_hangs_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in (tmp_path / "fifo", Path("/dev/zero"), tmp_path, tmp_path / "none"):
        assert secrets_of({"OTHER_TOKEN_FILE": str(name)}) == frozenset()


def test_without_standard_error_a_command_works_and_shows_no_variable() -> None:
    code = "import sys; from tocsin.cli import main; sys.argv = ['tocsin', 'check']; main()"
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, code],
        env=os.environ | {"TOCSIN_KAFKA_PASSWORD": SECRET},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "no problems\n")


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(environment={"TOCSIN_LOG_FORMAT": "text"})
    log.info("decided", event_id="E-1", said="zoe@acme.example")
    (line,) = capsys.readouterr().err.splitlines()
    log.error("failed", exc_info=ValueError(TITLE), stack=["a"], exception=["b"])
    (failed,) = capsys.readouterr().err.splitlines()
    assert "error=ValueError" in failed
    assert TITLE not in failed
    assert "decided" in line
    assert "event_id=E-1" in line
    assert "zoe" not in line


def test_the_level_is_that_of_the_environment_and_libraries_never_tell_what_they_send(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def said(environment: dict[str, str]) -> list[str]:
        log_to_stderr(environment=environment)
        log.debug("ours, debug")
        log.info("ours, info")
        logging.getLogger("sender.x").debug("sender, debug")
        logging.getLogger("kafka").debug("theirs, debug")
        logging.getLogger("kafka").info("theirs, info")
        return [line["event"] for line in lines(capsys)]

    assert said({}) == ["ours, info", "theirs, info"]
    assert said({"TOCSIN_LOG_LEVEL": "DEBUG"}) == ["ours, debug", "ours, info", "sender, debug", "theirs, info"]
    assert said({"TOCSIN_LOG_LEVEL": "warning"}) == []


@pytest.mark.parametrize("name", ["TOCSIN_LOG_LEVEL", "TOCSIN_LOG_FORMAT"])
def test_a_wrong_setting_is_named(name: str) -> None:
    with pytest.raises(LogSettingsError, match=f"{name}: 'loud' is"):
        log_to_stderr(environment={name: "loud"})


def test_secrets_of_the_environment_and_of_its_files_are_hidden(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    (tmp_path / "p").write_text("fr0m-f1le\n")
    secrets = {
        "TOCSIN_SMTP_PASSWORD": SECRET,
        "TOCSIN_KAFKA_PASSWORD_FILE": str(tmp_path / "p"),
        "TOCSIN_OPT_OUT_SECRETS": "0ne tw0o",
    }
    log_to_stderr(environment=secrets)
    log.info("x", said=f"login with {SECRET}, fr0m-f1le and tw0o", list=[SECRET])
    assert lines(capsys)[0]["said"] == "login with [secret], [secret] and [secret]"
    log_to_stderr(environment={})
    log.info("x", said=SECRET)
    assert lines(capsys)[0]["said"] == SECRET, "the control: a text that nobody named a secret is shown"


def fail(_title: str) -> None:
    int(_title)


def test_an_error_is_its_class_and_place_without_the_values_that_it_met(capsys: pytest.CaptureFixture[str]) -> None:
    for environment in ({}, {"TOCSIN_LOG_LEVEL": "debug"}):
        log_to_stderr(environment=environment)
        try:
            fail(TITLE)
        except ValueError:
            log.exception("ours")
            logging.getLogger("asyncio").exception("theirs")
    ours, theirs, *at_debug = lines(capsys)
    for line in (ours, theirs):
        assert (line["level"], line["error"]) == ("error", "ValueError")
        assert line["frames"][-1].endswith(" fail")
        assert TITLE not in str(line)
    assert TITLE in at_debug[0]["said"], "the control: the message does hold it"


def test_words_of_the_operating_system_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(environment={})
    log.warning("x", exc_info=OSError(28, "No space left on device", "/data/zoe"))
    assert lines(capsys)[0]["said"] == "No space left on device"


CRASH = """
import threading
from tocsin.logs import crashes_told, log_to_stderr
log_to_stderr()
def fail(): int({title!r})
with crashes_told():
    thread = threading.Thread(target=fail, name="worker")
    thread.start()
    thread.join()
    fail()
"""


def test_a_crash_is_a_line_as_well() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH.format(title=TITLE)], capture_output=True, text=True, check=False
    )
    thread, process = (json.loads(line) for line in done.stderr.splitlines())
    assert (thread["event"], thread["thread"], process["event"], done.returncode) == (
        "thread_crashed",
        "worker",
        "crashed",
        1,
    )
    assert TITLE not in done.stderr
