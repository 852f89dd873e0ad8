"""What the scripts of the set-up take for installed."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test-services.sh"


def says(condition: str) -> bool:
    found = subprocess.run(["bash", "-c", f'source "$0"; {condition}', str(SCRIPT)], check=False)
    return found.returncode == 0


def test_a_program_that_is_there_is_found() -> None:
    assert says("has bash")


@pytest.mark.parametrize("step", ["validators", "can_have"])
def test_a_step_of_the_script_is_no_program(step: str) -> None:
    assert says(f"declare -F {step} >/dev/null && ! has {step}")


def test_the_image_is_built_from_every_package() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    let_in = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {*wheel["packages"], *wheel["force-include"]} - let_in == set()
