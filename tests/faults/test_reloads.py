"""Rules changed again and again while events come: each is decided once, by the rules of its time; nothing is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.reload_child import BAD_EVERY

GROWTH = 4_096
"""KiB that may be added between a third of the way and the end: less than 7 for each of 600 reloads."""


def reloaded(folder: Path, times: int, slip: str | None = None) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults.reload_child", str(folder), str(times), *([slip] if slip else [])]
    report: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return report


def leftovers(report: dict[str, Any]) -> list[str]:
    """What there is more of at the end than there was a third of the way."""
    early, late = report["measures"]
    more = [name for name in ("files", "threads", "children") if late[name] > early[name]]
    return more + (["rss"] if late["rss"] > early["rss"] + GROWTH else [])


def check(report: dict[str, Any], times: int) -> None:
    # A change with a mistake leaves the rules of the change before it.
    expected = [f"[{number - (number % BAD_EVERY == BAD_EVERY - 1)}]" for number in range(times)]
    assert report["keywords"] == expected
    assert report["decided"] == {f"E-{number}": 1 for number in range(times)}
    assert report["agree"]
    assert report["digests"] == times - times // BAD_EVERY
    # The first change wrote what was there.
    assert report["outcomes"] == {
        "unchanged": 1,
        "applied": times - times // BAD_EVERY - 1,
        "refused": times // BAD_EVERY,
    }
    assert leftovers(report) == []
    assert report["children_after"] == 0


def test_sixty_reloads(tmp_path: Path) -> None:
    check(reloaded(tmp_path, 60), 60)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_thousand_reloads(tmp_path: Path) -> None:
    check(reloaded(tmp_path, 1_000), 1_000)


@pytest.mark.parametrize(("slip", "times", "left"), [("children", 12, "children"), ("memory", 18, "rss")])
def test_what_would_be_left_is_noticed(tmp_path: Path, slip: str, times: int, left: str) -> None:
    assert left in leftovers(reloaded(tmp_path, times, slip))
