"""The tutorial works: every command on its page is run, in its order, and what it prints is what the page shows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents.pages import FENCE

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
PATIENCE = 60.0
"""Seconds within which what a running service does must be seen."""

_NOTE = re.compile(r"<!-- (.*) -->")
_WAITS = ("tocsin explain", "grep", "tocsin emit --data data event.json")


class Block:
    """A fenced block of the page, and the note that stands right before it."""

    def __init__(self, language: str, note: str, text: str) -> None:
        self.language = language
        self.note = note
        self.text = text


def blocks(page: str) -> Iterator[Block]:
    note, language = "", ""
    text: list[str] = []
    inside = False
    for line in page.splitlines(keepends=True):
        if line.startswith(FENCE) and not inside:
            inside, language, text = True, line.removeprefix(FENCE).strip(), []
        elif line.startswith(FENCE):
            yield Block(language, note, "".join(text))
            inside, note = False, ""
        elif inside:
            text.append(line)
        elif line.strip():
            found = _NOTE.match(line)
            note = found[1] if found else ""


def is_shown(shown: str, printed: str) -> bool:
    """Whether the lines on the page are what was printed: `…` stands for any text, on a line alone for any lines."""
    parts = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r" *\n" for line in shown.splitlines()
    ]
    return re.fullmatch("".join(parts), printed if printed.endswith("\n") else printed + "\n") is not None


class Reader:
    """Does what the page says, as a reader would, in a folder and with a second terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service: subprocess.Popen[bytes] | None = None
        self.before = ""
        self.commands = 0
        self._environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def do(self, block: Block, shown: str | None) -> None:
        if block.note.startswith("change in"):
            self._change(block.note)
        if block.language == "yaml":
            self._write(block)
        elif block.language == "sh" and block.text.startswith("tocsin up"):
            self._start(block.text)
        elif block.language == "sh":
            self._run(block, shown)

    def stop(self) -> int | None:
        if self.service is None:
            return None
        self.service.send_signal(signal.SIGINT)
        return self.service.wait(PATIENCE)

    def _write(self, block: Block) -> None:
        action, file = block.note.rsplit(" ", 1)
        with (self.folder / file).open({"append to": "a", "write to": "w"}[action]) as opened:
            opened.write(block.text)

    def _change(self, note: str) -> None:
        file, old, new = re.fullmatch(r"change in (\S+): (\S+) -> (\S+)", note).groups()  # type: ignore[union-attr]
        path = self.folder / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def _start(self, command: str) -> None:
        with (self.folder / "up.log").open("wb") as log:
            self.service = subprocess.Popen(
                command.split(), cwd=self.folder, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.commands += 1

    def _run(self, block: Block, shown: str | None) -> None:
        """Run the commands of a block; what the service does may take a moment to be seen."""
        until = time.monotonic() + (PATIENCE if self.service is not None else 0)
        self.commands += len(block.text.replace("\\\n", " ").splitlines())
        expected = int(block.note.removeprefix("exit code ")) if block.note.startswith("exit code") else 0
        while True:
            result = self._bash(block.text)
            is_right = result.returncode == expected and (shown is None or is_shown(shown, result.stdout))
            if block.note.startswith("differs"):
                is_right = is_right and result.stdout != self.before
            if is_right or time.monotonic() > until or not block.text.startswith(_WAITS):
                break
            time.sleep(0.3)
        assert is_right, f"{block.text}\nexit code {result.returncode}\n{result.stdout}{result.stderr}\nshown:\n{shown}"
        if block.note.startswith("keep"):
            self.before = result.stdout

    def _bash(self, commands: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-ec", commands],
            cwd=self.folder,
            env={**self._environment, "COLUMNS": "80"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def follow(page: str, reader: Reader) -> None:
    found = list(blocks(page))
    for block, following in zip(found, [*found[1:], None], strict=True):
        shown = following.text if following is not None and following.language == "text" else None
        reader.do(block, shown)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    yield made
    if made.service is not None and made.service.poll() is None:
        made.service.kill()
        made.service.wait()


@pytest.mark.timeout(300)
def test_the_tutorial_can_be_followed(reader: Reader) -> None:
    follow(PAGE.read_text(), reader)
    assert reader.stop() == 0, (reader.folder / "up.log").read_text()
    # Every command of the page was run: none stands in a block that is passed over.
    assert reader.commands == len(re.findall(r"^(?:tocsin|cp|mv|mkdir|grep) .*$", PAGE.read_text(), re.MULTILINE))


PROMPT = "```sh\necho one; echo two\n```\n\n```text\n{}```\n"


@pytest.mark.parametrize(
    ("shown", "is_right"),
    [("one\ntwo\n", True), ("…\ntwo\n", True), ("o…\ntwo\n", True), ("one\n", False), ("two\n…\n", False)],
)
def test_what_a_page_shows_otherwise_is_noticed(reader: Reader, shown: str, is_right: bool) -> None:
    assert attempt(PROMPT.format(shown), reader) == is_right


@pytest.mark.parametrize("page", ["```sh\nfalse\n```\n", "<!-- exit code 1 -->\n```sh\ntrue\n```\n"])
def test_a_command_that_ends_otherwise_is_noticed(reader: Reader, page: str) -> None:
    assert not attempt(page, reader)


def attempt(page: str, reader: Reader) -> bool:
    try:
        follow(page, reader)
    except AssertionError:
        return False
    return True
