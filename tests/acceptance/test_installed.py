"""The wheel, installed where nothing of the checkout is: the program works by itself."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(CHECKOUT)]
    subprocess.run(build, check=True)
    (built,) = folder.glob("tocsin-*.whl")
    return built


def environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


def runs_the_demo(python: Path, folder: Path) -> None:
    where = "import tocsin, adapters.rule_files.load as load; print(tocsin.__file__, load.DEFAULT_FILE)"
    said = subprocess.run([python, "-c", where], cwd=folder, check=True, capture_output=True, text=True).stdout
    assert str(CHECKOUT) not in said
    assert said.rstrip().endswith("/tocsin/rules/default.yaml")
    demo = [str(python.parent / "tocsin"), "demo", "--data", "demo"]
    shown = subprocess.run(demo, cwd=folder, check=True, capture_output=True, text=True).stdout
    assert "One message: " in shown
    assert "\\" not in shown, "a character that would act on the terminal is shown as an escape, and the demo has none"
    assert len(list((folder / "demo").rglob("*.eml"))) > 40


def test_it_runs_on_the_locked_packages(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    subprocess.run([*PIP, f"--python={python}", "install", "--no-deps", str(wheel)], check=True)
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # Its packages are those of this environment. A .pth file in there isn't read, so the checkout is out of sight.
    (Path(packages) / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    runs_the_demo(python, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_it_installs_with_what_it_needs_into_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    # The versions of the lock without its hashes, which pip would then ask of the wheel as well.
    lines = (CHECKOUT / "requirements.lock").read_text().splitlines()
    pinned = [line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith((" ", "#"))]
    (tmp_path / "constraints.txt").write_text("\n".join(pinned))
    constraints = str(tmp_path / "constraints.txt")
    subprocess.run([*PIP, f"--python={python}", "install", "--constraint", constraints, str(wheel)], check=True)
    runs_the_demo(python, tmp_path)
