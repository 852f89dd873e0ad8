"""The lines of `tocsin up`: the course of each event is in them, and nothing private."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.logs.recognisable import (
    DEAD,
    PRIVATE,
    SENT,
    course,
    desk,
    environment,
    events,
    read_lines,
    relay,
    sending,
    tocsin,
)
from tests.support.helpdesk.files import write_directory
from tocsin.config.data_folder import database_in


def said_by(folder: Path, port: int, *faults: str, expect: int = 0) -> str:
    """Let all events through, and give what the process wrote to standard error."""
    folder.mkdir(exist_ok=True)
    data, people = folder / "data", write_directory(folder / "directory", desk())
    data.mkdir()
    log = SqliteLog(database_in(data))
    log.append([NewRecord(TICKETS, b"fine@zeta.example", value) for value in events().values()], datetime.now(UTC))
    log.close()
    command = tocsin("up", "--drain", "--data", str(data), "--directory", str(people), *sending(port))
    done = subprocess.run(command, env=environment(folder, *faults), capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stderr
    return done.stderr


def test_the_course_of_each_event_is_in_the_lines_and_nothing_private(tmp_path: Path) -> None:
    with relay() as port:
        text = said_by(tmp_path, port)
    lines = read_lines(text)
    assert PRIVATE.search(text) is None
    for event in SENT:
        first, *others = course(lines, event)
        assert first == ("decided", "5"), "four addresses and a fax"
        assert others.count(("job_taken_in", "accepted")) == 5
    ends = [end for name, end in course(lines, "E-1") if name == "job_changed"]
    assert sorted(ends) == ["deferred", "deferred", "delivered", "delivered", "refused"]
    assert [end for name, end in course(lines, "E-unwritten") if name == "job_changed"] == ["broken"] * 5
    assert course(lines, "E-silent") == [("decided", "notify_off")]
    letters = {event: course(lines, event)[-1] for event in DEAD}
    assert letters == {
        "E-unknown": ("dead_lettered", "unknown_contract"),
        "E-bad": ("dead_lettered", "invalid_field"),
        "E-crash": ("dead_lettered", "undecidable"),
    }
    refused = next(line for line in lines if line.get("transition") == "refused")
    assert (refused["level"], refused["code"], refused["status"], refused["stage"]) == ("warning", 550, "5.1.1", "RCPT")
    assert {"job_id", "ticket_id", "channel", "attempt"} <= set(refused)


def test_a_crash_is_a_line_without_the_values_that_it_met(tmp_path: Path) -> None:
    with relay() as port:
        text = said_by(tmp_path, port, "crashes", expect=1)
    last = read_lines(text)[-1]
    assert (last["event"], last["level"], last["error"]) == ("crashed", "critical", "RuntimeError")
    assert last["frames"][-1].endswith(" fail")
    assert PRIVATE.search(text) is None


def test_control_a_careless_line_is_found_and_the_redactor_hides_it(tmp_path: Path) -> None:
    with relay() as port:
        bare = said_by(tmp_path / "bare", port, "careless", "unredacted")
        careless = said_by(tmp_path / "careless", port, "careless")
    assert "refused@zeta.example" in bare
    assert PRIVATE.search(careless) is None
    assert '"to":"[address]"' in careless
    assert '"to":"[number]"' in careless


def test_why_a_service_does_not_start_is_a_line_too(tmp_path: Path) -> None:
    command = tocsin("up", "--drain", "--data", str(tmp_path), "--directory", str(tmp_path / "absent"), *sending(1))
    for given, is_line in (({}, True), ({"TOCSIN_LOG_FORMAT": "text"}, False)):
        done = subprocess.run(command, env=environment(tmp_path) | given, capture_output=True, text=True, check=False)
        assert (done.returncode, "No such file" in done.stderr) == (3, True)
        if is_line:
            assert read_lines(done.stderr)[-1]["exit_code"] == 3
        else:
            assert done.stderr.splitlines()[-1].startswith(str(tmp_path / "absent"))
