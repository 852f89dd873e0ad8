"""A Prometheus of one's own, as a process: on loopback, in a folder, with the project's rules and shorter times."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.faults.engines import until
from tests.ops.prometheus import program
from tests.support.mail.relays.postfix import free_port

RULES = Path(__file__).parents[2] / "ops" / "rules"
SETTINGS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{folder}/rules/*.yml"]
scrape_configs:
"""
JOB = """
  - job_name: {name}
    static_configs: [{{targets: {targets}}}]
"""
DURATION = re.compile(r"(?<=for: )(\d+)([sm])\b|(?<=\[)(\d+)([mh])(?=\])")
LIMIT = re.compile(r"\((\d+) \* 60\)")
SECONDS = {"s": 1, "m": 60, "h": 3600}


def faster(rules: str, factor: int) -> str:
    """Rules whose durations, windows and limits in seconds are so many times as short."""

    def span(found: re.Match[str]) -> str:
        number, unit = found[1] or found[3], found[2] or found[4]
        return f"{int(number) * SECONDS[unit] * 1000 // factor}ms"

    shorter = DURATION.sub(span, rules)
    return LIMIT.sub(lambda found: f"({int(found[1]) * 60 / factor:g})", shorter)


class Prometheus:
    """A running one."""

    def __init__(self, port: int) -> None:
        self._port = port

    def is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def query(self, query: str) -> list[tuple[dict[str, str], float]]:
        """The vector that a query gives now."""
        data = self._get("query", query=query)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def fired(self, start: float, end: float) -> set[str]:
        """The alerts that fired at any evaluation between two moments."""
        query = 'ALERTS{alertstate="firing"}'
        found = self._get("query_range", query=query, start=f"{start}", end=f"{end}", step="1")
        return {one["metric"]["alertname"] for one in found["result"]}

    def between(self, query: str, start: float, end: float, step: float) -> list[tuple[dict[str, str], list[float]]]:
        """The moments at which each series of a query had a value."""
        found = self._get("query_range", query=query, start=f"{start}", end=f"{end}", step=f"{step}")
        return [(one["metric"], [float(moment) for moment, _ in one["values"]]) for one in found["result"]]

    def moments(self, query: str, start: float, end: float) -> list[float]:
        """The moments, second by second, at which a query had any value."""
        found = self.between(query, start, end, 1.0)
        return sorted({moment for _, moments in found for moment in moments})

    def firing(self) -> set[str]:
        return {labels["alertname"] for labels, _ in self.query('ALERTS{alertstate="firing"}')}

    def pending(self) -> set[str]:
        return {labels["alertname"] for labels, _ in self.query("ALERTS")}

    def _get(self, what: str, **arguments: str) -> Any:
        with urlopen(f"http://127.0.0.1:{self._port}/api/v1/{what}?{urlencode(arguments)}", timeout=10) as answer:
            return json.load(answer)["data"]


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, Sequence[str]], factor: int) -> Iterator[Prometheus]:
    """Scrape these targets, by their job, for the length of the block."""
    (folder / "rules").mkdir(parents=True)
    for file in RULES.glob("*.yml"):
        (folder / "rules" / file.name).write_text(faster(file.read_text(), factor))
    jobs = "".join(JOB.format(name=name, targets=json.dumps(ones)) for name, ones in targets.items())
    (folder / "prometheus.yml").write_text(SETTINGS.format(folder=folder) + jobs)
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            running = Prometheus(port)
            until(running.is_ready, 60)
            yield running
        finally:
            process.kill()
