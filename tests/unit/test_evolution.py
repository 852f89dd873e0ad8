"""Releases one after the other: what the release 0.1 wrote is read for ever, and what a later one may write today."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.decision import DecisionRecord
from schemas.directory import read_record
from schemas.outcome import Outcome
from schemas.refusal import RefusedError
from sender.acceptance import read_job

WRITTEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "wire" / "release_0_1.json").read_bytes())
"""Records as release 0.1 wrote them. The file is never made anew: a change that can't read it needs a way over."""


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def with_more(value: Any) -> Any:
    """The same with a field in each object that no release had so far."""
    if isinstance(value, list):
        return [with_more(one) for one in value]
    if isinstance(value, dict):
        return {**{name: with_more(one) for name, one in value.items()}, "of_a_later_release": {"x": [1]}}
    return value


@pytest.mark.parametrize("later", [False, True])
def test_what_was_written_is_read_also_with_fields_of_a_later_release(later: bool) -> None:
    written = {name: with_more(one) if later and name != "job" else one for name, one in WRITTEN.items()}
    job = {**written["job"], "of_a_later_release": 1} if later else written["job"]
    assert read_job(raw(job)).id == WRITTEN["job"]["id"]
    assert msgspec.json.decode(raw(written["decision"]), type=DecisionRecord).event == "E-1"
    assert msgspec.json.decode(raw(written["outcome"]), type=Outcome).state == "delivered"
    assert len([read_record(raw(one)) for one in written["directory"]]) == len(WRITTEN["directory"])


def changed(kind: str, *path: str, to: Any) -> bytes:
    wire = copy.deepcopy(WRITTEN[kind])
    holder = wire
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = to
    return raw(wire)


def test_a_job_with_new_words_that_inform_is_the_job_without_them() -> None:
    known = read_job(raw(WRITTEN["job"]))
    assert read_job(changed("job", "other_triggers", to=["reopened"])) == known
    assert read_job(changed("job", "categories", to=["team.contacts", *WRITTEN["job"]["categories"]])) == known


@pytest.mark.parametrize(
    ("path", "word", "field"),
    [
        (("trigger",), "reopened", "trigger"),
        (("channel",), "pigeon", "channel"),
        (("form", "format"), "markdown", "form.format"),
        (("person", "kind"), "robot", "person.kind"),
        (("audience",), "robots", "audience"),
        (("other_triggers",), [7], None),
    ],
)
def test_a_new_word_that_says_what_to_do_is_refused_by_name(
    path: tuple[str, ...], word: Any, field: str | None
) -> None:
    if field is None:
        assert read_job(changed("job", *path, to=word)).other_triggers == []
        return
    with pytest.raises(RefusedError) as refused:
        read_job(changed("job", *path, to=word))
    assert str(refused.value).startswith(f"{field}: this value is not one of those that are allowed here: ")


def test_a_suppression_takes_triggers_and_reasons_of_a_later_release() -> None:
    record = {**WRITTEN["directory"][-1], "triggers": ["reopened", "closed"], "reason": {"code": 7}, "since": None}
    assert read_record(raw(record)).id == "email/dead@acme.example"


def test_an_outcome_takes_states_and_transitions_of_a_later_release() -> None:
    for field in ("state", "transition"):
        assert msgspec.json.decode(changed("outcome", field, to="pondered"), type=Outcome).job == WRITTEN["job"]["id"]
