"""A mail relay of one's own: Postfix as processes in a folder of its own, which hands all mail on to a port here."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

HOST: Final = "127.0.0.1"
WITHIN: Final = 30.0
_PROGRAMS: Final = "/usr/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix"
_DAEMONS: Final = ("/usr/lib/postfix/sbin", "/usr/libexec/postfix", "/usr/lib/postfix")

MAIN: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}/log
command_directory = {commands}
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.tocsin.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
relayhost = [127.0.0.1]:{next_port}
disable_dns_lookups = yes
smtp_host_lookup = native
smtp_tls_security_level = none
alias_maps =
alias_database =
local_transport = error:there is no local mail
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/access, permit_mynetworks, reject
smtpd_delay_reject = yes
# What can't be handed on is tried again soon, so that a test need not wait for it.
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""

# Chroot is off for all (fifth column): there is nothing in the folder but queues.
MASTER: Final = """
127.0.0.1:{port} inet n - n - - smtpd{options}
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
virtual   unix - n n - - virtual
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


def why_not() -> str | None:
    """What is missing on this machine to start one; None: nothing."""
    if _postfix() is None:
        return "Postfix is not installed: make postfix"
    return None if os.geteuid() == 0 else "Postfix is started by root alone"


def _postfix() -> str | None:
    return shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:{_PROGRAMS}")


class PostfixError(RuntimeError):
    """It did not start or end, and what it said."""


class Postfix:
    """One Postfix. It can be stopped and started again, on the same port and queue.

    `access` holds the addresses that it does not take, and what it answers: `{"dead@acme.example": "550 5.1.1 No"}`.
    `smtpd` are parameters of its SMTP server.
    """

    def __init__(self, next_port: int, access: Mapping[str, str] | None = None, **smtpd: str) -> None:
        command = _postfix()
        assert command is not None
        self._command = command
        # Not below pytest's own folder, which is root's alone: Postfix' processes have a user of their own.
        self._folder = Path(tempfile.mkdtemp(prefix="tocsin-postfix-"))
        self._folder.chmod(0o755)
        self.port = free_port()
        daemons = next(folder for folder in _DAEMONS if (Path(folder) / "master").exists())
        for name in ("queue", "data", "log"):
            (self._folder / name).mkdir()
        shutil.chown(self._folder / "data", "postfix", "postfix")
        main = MAIN.format(folder=self._folder, next_port=next_port, commands=Path(command).parent, daemons=daemons)
        (self._folder / "main.cf").write_text(main)
        options = "".join(f" -o {{ {name} = {value.format(folder=self._folder)} }}" for name, value in smtpd.items())
        (self._folder / "master.cf").write_text(MASTER.format(port=self.port, options=options))
        self.write_map("access", access or {})

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it, and wait until it answers. Raises PostfixError with the end of its log."""
        self._run("start")
        self._until(self._answers, "did not start")

    def stop(self) -> None:
        """End it as an operator does: what it has taken stays in its queue."""
        master = self._master()
        if master is not None:
            self._run("stop")
            self._until(lambda: not Path(f"/proc/{master}").exists(), "did not end")

    def accepted(self) -> list[str]:
        """The Message-IDs of what it took into its queue, in that order."""
        log = self.log()
        queued = set(re.findall(r"/qmgr\[\d+\]: (\w+): from=<", log))
        return [one for name, one in re.findall(r"/cleanup\[\d+\]: (\w+): message-id=(<.*>)", log) if name in queued]

    def write_map(self, name: str, entries: Mapping[str, str]) -> None:
        """Write a table `texthash:{folder}/NAME`, which each process reads at its start."""
        (self._folder / name).write_text("".join(f"{key} {value}\n" for key, value in entries.items()))

    def log(self) -> str:
        """What it wrote down."""
        log = self._folder / "log" / "mail.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def _master(self) -> int | None:
        file = self._folder / "queue" / "pid" / "master.pid"
        if not file.exists():
            return None
        pid = int(file.read_text())
        return pid if Path(f"/proc/{pid}").exists() else None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(5)
            return probe.connect_ex((HOST, self.port)) == 0 and probe.recv(4).startswith(b"220")

    def _until(self, done: Callable[[], bool], failure: str) -> None:
        deadline = time.monotonic() + WITHIN
        while not done():
            if time.monotonic() > deadline:
                raise PostfixError(f"Postfix {failure}:\n{self.log()[-4_000:]}")
            threading.Event().wait(0.02)

    def _run(self, what: str) -> None:
        done = subprocess.run(
            [self._command, "-c", str(self._folder), what], capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise PostfixError(f"postfix {what}:\n{done.stdout}{done.stderr}{self.log()[-4_000:]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        port: int = one.getsockname()[1]
        return port
