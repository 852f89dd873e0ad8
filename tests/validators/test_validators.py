"""The published schemas mean the same to validators of other languages, which have nothing to say about them.

`make validators` installs them; where they are not there, these tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.generate import FOLDER
from tests.support.sender.fakes import a_job
from tests.unit.test_event_schema import BAD, GOOD

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".cache" / "validators"
COMMANDS = {
    "Ajv": (INSTALLED / "node_modules" / "ajv-formats", ["node", str(HERE / "ajv.mjs")]),
    "Go": (INSTALLED / "gojsonschema", [str(INSTALLED / "gojsonschema")]),
}
SCHEMAS = {file.name.removesuffix(".schema.json"): json.loads(file.read_text()) for file in FOLDER.glob("*.json")}

JOB = msgspec.to_builtins(a_job())
PERSON = {"kind": "contact", "id": "ct-1"}
OUTCOME = {
    **{name: JOB[name] for name in ("source", "event", "ticket", "person", "channel", "trigger")},
    "job": "j-1",
    "state": "delivered",
    "transition": "delivered",
    "sequence": 1,
    "attempt": 1,
    "reply": None,
    "at": "2026-03-02T09:15:04Z",
}
DECISION = {
    "event": "E-1",
    "source": "/helpdesk",
    "ticket": "T-1",
    "contract": None,
    "triggers": ["reopened"],
    "jobs": [],
    "skipped": [{"person": PERSON, "category": "team.contacts", "reason": "on_holiday", "channel": "pigeon"}],
    "now": "2026-03-02T09:15:01Z",
    "rulebook": "068318fbd88fd037",
}
CONTRACT = {"kind": "contract", "id": "C-7", "recipients": {"site": {"contacts": True}}, "valid_from": "2026-01-01"}
CASES: dict[str, tuple[str, Any, bool]] = {
    **{f"event: {name}": ("ticket-event", wire, True) for name, wire in GOOD.items()},
    **{f"no event: {name}": ("ticket-event", wire, False) for name, wire in BAD.items()},
    "job": ("job", JOB, True),
    "job with a day as time": ("job", {**JOB, "expires": "2026-03-05"}, False),
    "outcome": ("outcome", OUTCOME, True),
    "outcome with words of a later release": ("outcome", {**OUTCOME, "channel": "pigeon", "state": "lost"}, True),
    "outcome with no time": ("outcome", {**OUTCOME, "at": "soon"}, False),
    "decision with words of a later release": ("decision", DECISION, True),
    "decision with a number as reason": ("decision", {**DECISION, "skipped": [{"person": PERSON, "reason": 1}]}, False),
    "record": ("directory-record", {"kind": "site", "id": "S-1"}, True),
    "file of records": ("directory-file", [{"kind": "site", "id": "S-1", "x-note": 1}, CONTRACT], True),
    "file of one record": ("directory-file", CONTRACT, True),
    "file with an unknown key": ("directory-file", [{**CONTRACT, "alert_enabled": True}], False),
    "file with an unknown key below": (
        "directory-file",
        {**CONTRACT, "recipients": {"site": {"contact": True}}},
        False,
    ),
    "file with an unknown kind": ("directory-file", [{"kind": "sight", "id": "S-1"}], False),
    "file with an unknown word": ("directory-file", {"kind": "contact", "id": "ct-1", "alerts": ["open"]}, False),
    "record with an unseen character": ("directory-record", {"kind": "site", "id": "S\u202e1"}, False),
    "record with a line break behind its id": ("directory-record", {"kind": "site", "id": "S-1\n"}, False),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_schema_compiles_without_a_word_and_judges_as_we_do(name: str, tmp_path: Path) -> None:
    installed, command = COMMANDS[name]
    if not installed.exists():
        pytest.skip(f"{name} is not installed: make validators")
    cases = tmp_path / "cases.json"
    wanted = [(schema, value) for schema, value, _valid in CASES.values()]
    cases.write_text(json.dumps({"schemas": SCHEMAS, "cases": wanted}))
    environment = {**os.environ, "VALIDATORS": str(INSTALLED)}
    done = subprocess.run([*command, str(cases)], capture_output=True, env=environment, timeout=100, check=False)
    assert done.returncode == 0, done.stderr.decode()
    said = json.loads(done.stdout)
    assert said["warnings"] == []
    judged = dict(zip(CASES, said["valid"], strict=True))
    assert [one for one, (_, _, valid) in CASES.items() if judged[one] is not valid] == []
