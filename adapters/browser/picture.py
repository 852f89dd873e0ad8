"""A picture of a page of HTML, taken by Chromium or one of its kin."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from schemas.errors import UnusableError

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
TIME_LIMIT: Final = 30.0
"""Seconds for one picture."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_NOBODY: Final = 65_534
"""The user that owns nothing: root's browser has no sandbox, so it is not run as root."""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-src 'self'"
"""Content-Security-Policy: what a page may use is in it. It holds in its frames too."""

_SWITCHES: Final = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    # No name is looked up, and what needs none ends at a proxy that is not there.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
)


class PictureError(UnusableError, RuntimeError):
    """No picture could be taken: why, and what to do."""


def browser() -> Path:
    """The first browser that is installed. Raises PictureError."""
    for name in BROWSERS:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    others = ", ".join(BROWSERS[1:])
    raise PictureError(f"no browser is installed that takes pictures: install chromium (or one of {others})")


def picture(page: str, width: int, height: int, seconds: float = TIME_LIMIT) -> bytes:
    """The upper left of a page, of this width and height in pixels, as PNG. Raises PictureError.

    `page` is the inside of a body; a frame in it (`srcdoc`) may hold anything, and runs no script.
    """
    program = browser()
    # The browser writes into this folder alone, and reads the page from it.
    with tempfile.TemporaryDirectory(prefix="tocsin-picture-", ignore_cleanup_errors=True) as folder:
        house = Path(folder)
        file, image = house / "page.html", house / "picture.png"
        file.write_text(_document(page), encoding="utf-8")
        if _is_root():
            for path in (house, file):
                os.chown(path, _NOBODY, _NOBODY)
        command = [str(program), *_SWITCHES, *_where(house, image, width, height), file.as_uri()]
        said = ""
        # Where the system lets nobody make a sandbox, the page still has neither scripts nor a network.
        for more in ([], ["--no-sandbox"]):
            said = _run([*command, *more], house, seconds)
            if image.exists() and image.read_bytes().startswith(_PNG):
                return image.read_bytes()
    raise PictureError(f"{program} took no picture: {said or 'it said nothing'}")


def _is_root() -> bool:
    return os.geteuid() == 0


def _document(page: str) -> str:
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    return f"<!doctype html><html><head>{head}</head><body>{page}</body></html>"


def _where(house: Path, image: Path, width: int, height: int) -> list[str]:
    return [f"--user-data-dir={house / 'profile'}", f"--screenshot={image}", f"--window-size={width},{height}"]


def _run(command: list[str], house: Path, seconds: float) -> str:
    """Run the browser to its end, and give the last of what it said."""
    who = _NOBODY if _is_root() else None
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(house), "LANG": "C.UTF-8"}
    with (house / "said").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - a fixed program, and no text of others among its arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=environment,
            cwd=house,
            start_new_session=True,
            user=who,
            group=who,
            extra_groups=None if who is None else [],
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise PictureError(f"{command[0]} took longer than {seconds:.0f} s for a picture: it was ended") from None
        finally:
            # With the processes that it started.
            _end_group(process)
    lines = (house / "said").read_text(errors="replace").splitlines()
    return lines[-1] if lines else ""


def _end_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
