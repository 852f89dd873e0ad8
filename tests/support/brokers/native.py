"""A broker of one's own, as a process: Apache Kafka out of its published jars, on free ports and a folder."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

JARS = Path(__file__).parents[3] / ".cache" / "kafka" / "jars"
HOST = "127.0.0.1"
START_WITHIN = 60.0

# Compiled quickly and not well, in little memory: it shares its machine with the tests.
JAVA = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
LOGGING = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.logFile=System.out",
]

SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
# What took too long is looked for each second, so that a test need not wait ten for it.
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
# After a kill it must not wait for its own former session to end.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
"""

SECOND = """
process.roles=broker
node.id=2
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port}
"""


class NoBrokerError(RuntimeError):
    """There is no broker, and why."""


def why_not() -> str | None:
    """What is missing on this machine to start one; None: nothing."""
    if not any(JARS.glob("kafka_*.jar")):
        return "the broker's jars are not there: make broker"
    return None if shutil.which("java") else "java is not installed: make broker"


class NativeBroker:
    """One broker that is its own controller. It can be killed and started again, on the same port and data."""

    def __init__(
        self,
        folder: Path,
        more_settings: str = "",
        format_options: Sequence[str] = (),
        joins: NativeBroker | None = None,
    ) -> None:
        """Format its folder. Further settings stand behind the others, so that they take their place.

        A broker that joins another one is the second of its cluster, and leaves controlling to it.
        """
        self._folder = folder
        self._properties = folder / "server.properties"
        self._log = folder / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port, controller = free_ports()
        self._controller: int = controller if joins is None else joins._controller
        self._cluster: str = str(uuid.uuid4()) if joins is None else joins._cluster
        if joins is not None:
            more_settings += SECOND.format(host=HOST, port="{port}", controller=joins._controller)
        self.bootstrap = f"{HOST}:{self._port}"
        settings = SETTINGS.format(host=HOST, port=self._port, controller=controller, folder=folder)
        self._properties.write_text(settings + more_settings.format(port=self._port, controller=controller))
        cluster = ["-t", self._cluster, "-c", str(self._properties), *format_options]
        subprocess.run(
            self._java("kafka.tools.StorageTool", "format", *cluster), check=True, capture_output=True, timeout=60
        )

    def start(self) -> None:
        """Start it, and wait until it takes requests. Raises NoBrokerError with the end of its log."""
        with self._log.open("ab") as log:
            start = log.tell()
            command = self._java("kafka.Kafka", str(self._properties))
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_WITHIN
        while not self._has_started(start):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise NoBrokerError(f"the broker did not start:\n{self._log.read_text()[-4_000:]}")
            threading.Event().wait(0.05)

    def kill(self) -> None:
        """End it as a power cut would. The page cache stays, so what it had acknowledged is there."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it hang: connections stay, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _has_started(self, since: int) -> bool:
        with self._log.open("rb") as log:
            log.seek(since)
            if b"Kafka Server started" not in log.read():
                return False
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self._port)) == 0

    def _java(self, main: str, *arguments: str) -> list[str]:
        return [*JAVA, *LOGGING, "-cp", f"{JARS}/*", main, *arguments]


def free_ports() -> tuple[int, int]:
    """Two ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as other:
        one.bind((HOST, 0))
        other.bind((HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]
