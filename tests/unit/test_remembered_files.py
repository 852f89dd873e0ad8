"""What was made of files is made anew only once a file changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.files import opening
from adapters.files.remembered import Remembered
from adapters.jinja import sources
from adapters.jinja.sources import read_sources, template_files
from adapters.shipped import TEMPLATES


def test_it_is_made_once_until_a_file_changes_comes_or_goes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    made: list[str] = []

    def make() -> str:
        made.append("".join(file.read_text() for file in sorted(tmp_path.iterdir())))
        return made[-1]

    texts = Remembered(tmp_path.iterdir, make)
    assert [texts(), texts()] == ["one", "one"]
    (tmp_path / "a").write_text("three")
    assert [texts(), texts()] == ["three", "three"]
    (tmp_path / "b").write_text("!")
    assert texts() == "three!"
    (tmp_path / "a").unlink()
    assert texts() == "!"
    assert made == ["one", "three", "three!", "!"]


def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    answers: Iterator[OSError | str] = iter([OSError("the disk"), "good"])

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    text = Remembered(lambda: [tmp_path / "a"], make)
    with pytest.raises(OSError, match="the disk"):
        text()
    assert text() == "good"


def test_templates_that_come_with_the_product_are_not_read_for_each_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.en.txt.j2").write_text("mine")
    expected = read_sources(TEMPLATES).texts
    read: list[str] = []

    def noted(file: Path, most: int, within: Path | None = None) -> bytes:
        read.append(file.name)
        return opening.read_bounded(file, most, within)

    monkeypatch.setattr(sources, "read_bounded", noted)
    for _ in range(3):
        assert read_sources(tmp_path, TEMPLATES).texts == {"own.en.txt.j2": "mine", **expected}
    assert read == ["own.en.txt.j2"] * 3


def test_template_files_of_a_folder(tmp_path: Path) -> None:
    for path in ("b.en.txt.j2", "a/c.en.txt.j2", "a/notes.txt", ".hidden/d.en.txt.j2", ".e.en.txt.j2"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "folder.en.txt.j2").mkdir()
    (tmp_path / "link.en.txt.j2").symlink_to("b.en.txt.j2")
    names = [file.relative_to(tmp_path).as_posix() for file in template_files(tmp_path)]
    assert names == ["a/c.en.txt.j2", "b.en.txt.j2", "folder.en.txt.j2", "link.en.txt.j2"]
    assert list(template_files(tmp_path / "missing")) == []
