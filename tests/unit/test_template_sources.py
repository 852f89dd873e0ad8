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


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.en.txt.j2"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_a_file_is_taken_from_the_first_folder_that_has_it(tmp_path: Path) -> None:
    own = written(tmp_path / "own", external__opened="mine", outage__alert="new")
    shipped = written(tmp_path / "shipped", external__opened="theirs", external__closed="theirs")
    sources = read_sources(own, shipped)
    assert sources.texts == {
        "external/opened.en.txt.j2": "mine",
        "outage/alert.en.txt.j2": "new",
        "external/closed.en.txt.j2": "theirs",
    }
    assert sources.below == {"external/closed.en.txt.j2"}
    assert sources.replaced == {"external/opened.en.txt.j2"}
    assert sources.place("external/closed.en.txt.j2") == shipped / "external/closed.en.txt.j2"
    assert sources.place("external/opened.en.txt.j2") == own / "external/opened.en.txt.j2"
    assert sources.place("not/there.en.txt.j2") == own / "not/there.en.txt.j2"


def test_one_of_ones_own_that_cant_be_read_does_not_bring_the_other_back(tmp_path: Path) -> None:
    own = written(tmp_path / "own", t="")
    (own / "t.en.txt.j2").write_bytes(b"\xe9")
    sources = read_sources(own, written(tmp_path / "shipped", t="theirs"))
    assert (sources.texts, set(sources.unreadable)) == ({}, {"t.en.txt.j2"})


def test_lower_files_are_what_they_are_only_where_none_of_them_is_replaced(tmp_path: Path) -> None:
    shipped = written(tmp_path / "shipped", a="theirs", _piece="theirs")
    alone = read_sources(written(tmp_path / "adds", b="new"), shipped).shipped_alone
    assert alone is not None
    assert alone.texts == read_sources(shipped).texts
    assert read_sources(written(tmp_path / "replaces", _piece="mine"), shipped).shipped_alone is None
    assert read_sources(shipped).shipped_alone is None
