"""The templates folder: what is read of it, and what a renderer keeps."""

from __future__ import annotations

from pathlib import Path

from adapters.jinja.renderer import JinjaRenderer
from adapters.jinja.sources import MAX_FILE_BYTES, read_sources
from sender.ports import Part


def test_only_files_of_the_folder_are_read(tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt.j2"
    outside.write_text("secret")
    folder = tmp_path / "templates"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "t.en.txt.j2").write_text("text")
    (folder / "link.en.txt.j2").symlink_to(outside)
    (folder / "inside.en.txt.j2").symlink_to(folder / "a" / "t.en.txt.j2")
    (folder / ".hidden.en.txt.j2").write_text("hidden")
    (folder / "other.txt").write_text("no template")
    (folder / "big.en.txt.j2").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    (folder / "latin.en.txt.j2").write_bytes(b"\xe9")

    sources = read_sources(folder)

    assert sources.texts == {"a/t.en.txt.j2": "text", "inside.en.txt.j2": "text"}
    assert set(sources.unreadable) == {"link.en.txt.j2", "big.en.txt.j2", "latin.en.txt.j2"}
    assert not any(str(tmp_path) in reason for reason in sources.unreadable.values())


def test_a_renderer_keeps_its_snapshot_and_a_change_has_another_digest(tmp_path: Path) -> None:
    file = tmp_path / "t.en.txt.j2"
    file.write_text("old")
    sources = read_sources(tmp_path)
    renderer = JinjaRenderer(sources)
    file.write_text("new")

    assert renderer.render("t", "en", Part.TEXT, {}) == "old"
    assert renderer.digest == sources.digest != read_sources(tmp_path).digest
