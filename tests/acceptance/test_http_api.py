"""The HTTP API of a running `tocsin up`: held against its OpenAPI document, and asked by the examples of the docs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from adapters.mailbox.mailbox import HOST, Mailbox
from tests.support.intake.embedded import TOKEN, up
from tests.support.intake.service import a_free_address
from tests.support.required import missing

ROOT: Final = Path(__file__).parents[2]
PUBLISHED: Final = ROOT / "schemas" / "openapi.json"
EXAMPLES: Final = ROOT / "docs" / "examples"
# What a valid request is, a schema can't say of all: binary content mode needs headers, and cursors come from answers.
CHECKS: Final = ("--exclude-checks", "positive_data_acceptance")


def schemathesis(folder: Path, document: Path, address: str, *options: str) -> tuple[int, str]:
    """What Schemathesis finds, with the same seed each time."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    told = [program, "run", str(document), "--url", f"http://{address}", "--header", f"Authorization: Bearer {TOKEN}"]
    same = ["--seed", "1", "--generation-database", "none", "--no-color", "--continue-on-failure", *CHECKS]
    done = subprocess.run([*told, *same, *options], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_answer_is_as_the_document_says_and_one_that_is_not_is_found(tmp_path: Path) -> None:
    document = json.loads(PUBLISHED.read_text())
    document["components"]["schemas"]["JobPage"]["required"] = ["jobs", "next", "total"]
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    address = a_free_address()
    with up(tmp_path, address) as client:
        assert client.get("/openapi.json").json() == json.loads(PUBLISHED.read_text())
        hold_against(tmp_path, address, "--phases", "examples,coverage,fuzzing", "--max-examples", "10")
        # It answered to the end.
        assert client.get("/livez").status_code == 200
        only = ("--include-operation-id", "listJobs", "--max-examples", "2", "--phases", "fuzzing")
        code, said = schemathesis(tmp_path, tmp_path / "wrong.json", address, *only)
        assert code == 1
        assert "total" in said


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_answer_to_many_more_requests_is_as_the_document_says(tmp_path: Path) -> None:
    address = a_free_address()
    with up(tmp_path, address):
        hold_against(tmp_path, address, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "300")


def hold_against(folder: Path, address: str, *bounds: str) -> None:
    code, said = schemathesis(folder, PUBLISHED, address, *bounds)
    assert code == 0, said
    assert re.search(r"Tested: 7\b", said), said


async def test_the_examples_do_what_they_say(tmp_path: Path) -> None:
    node = shutil.which("node")
    async with Mailbox(tmp_path / "mail") as mailbox:
        address = a_free_address()
        with up(tmp_path, address, "--smtp", f"{HOST}:{mailbox.port}"):
            await asyncio.to_thread(run_example, sys.executable, "helpdesk.py", address)
            if node is None:
                missing("there is no node")
            await asyncio.to_thread(run_example, node, "helpdesk.mjs", address)


def run_example(program: str, example: str, address: str) -> None:
    environment = {**os.environ, "TOCSIN_URL": f"http://{address}", "TOCSIN_TOKEN": TOKEN}
    told = [program, str(EXAMPLES / example)]
    done = subprocess.run(told, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = (
        "will be told: contact/ct-1 by email, opened",
        "posted: 1",
        "delivered: contact/ct-1 by email, job [0-9a-f]{32}",
    )
    assert re.fullmatch("\n".join(lines) + "\n", done.stdout), done.stdout
