"""What must hold in the end, and which alerts have a cause; nothing here is shared with what is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

import msgspec
import psycopg

from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS
from tests.incident.prometheus_server import Prometheus
from tests.night.desk import PEOPLE
from tests.support.brokers.cluster import Cluster


class Phase(NamedTuple):
    """A part of the night: the alerts that have their cause in it, and those that must come, each within seconds."""

    name: str
    start: float
    end: float
    may_fire: frozenset[str] = frozenset()
    must_fire: tuple[tuple[str, float], ...] = ()


class Fired(NamedTuple):
    """One alert, as long as it fired without a pause."""

    alert: str
    labels: dict[str, str]
    start: float
    end: float


def fired(prometheus: Prometheus, start: float, end: float) -> list[Fired]:
    """All alerts that fired, in the order in which they began."""
    step = 5.0
    found = prometheus.between('ALERTS{alertstate="firing"}', start, end, step)
    runs: list[Fired] = []
    for labels, moments in found:
        shown = {name: value for name, value in labels.items() if name not in ("__name__", "alertname", "alertstate")}
        first = last = moments[0]
        for moment in [*moments[1:], float("inf")]:
            if moment > last + 2 * step:
                runs.append(Fired(labels["alertname"], shown, first, last))
                first = moment
            last = moment
    return sorted(runs, key=lambda run: run.start)


def without_cause(alerts: Sequence[Fired], phases: Sequence[Phase], lag: float) -> list[Fired]:
    """Alerts that began in no phase that explains them; a cause may show for `lag` seconds after its phase."""
    return [
        one
        for one in alerts
        if not any(phase.start <= one.start <= phase.end + lag and one.alert in phase.may_fire for phase in phases)
    ]


def missing(alerts: Sequence[Fired], phases: Sequence[Phase]) -> list[str]:
    """Alerts that had to come, and did not in their time."""
    return [
        f"{alert} in {phase.name}, within {within:.0f} s"
        for phase in phases
        for alert, within in phase.must_fire
        if not any(one.alert == alert and phase.start <= one.start <= phase.start + within for one in alerts)
    ]


class Counts(NamedTuple):
    """What became of the events."""

    events: int
    decided: int
    decided_twice: int
    undecided: int
    jobs: int
    jobs_twice: int
    dead_letters: int
    states: dict[str, int]
    mails: int
    mails_twice: int
    unknown: int

    def faults(self) -> list[str]:
        """What must not be."""
        found = []
        if self.undecided or self.decided_twice:
            found.append(f"{self.undecided} events undecided, {self.decided_twice} decided twice")
        if self.jobs != PEOPLE * self.events or self.jobs_twice:
            found.append(f"{self.jobs} jobs of {PEOPLE * self.events}, {self.jobs_twice} doubled")
        if self.dead_letters:
            found.append(f"{self.dead_letters} dead letters")
        if sum(self.states.values()) != self.jobs:
            found.append(f"{sum(self.states.values())} jobs in the ledger")
        delivered = self.states.get("delivered", 0)
        if delivered != self.jobs:
            found.append(f"jobs that were not delivered: {self.states}")
        if delivered != self.mails:
            found.append(f"{self.mails} different mails, {delivered} delivered")
        if self.mails_twice > self.unknown:
            found.append(f"{self.mails_twice} mails came twice, {self.unknown} tries were of unknown outcome")
        return found


def counted(cluster: Cluster, ledger: str, saved: Mapping[str, float], arrivals: Sequence[tuple[str, str]]) -> Counts:
    """Read all topics, the ledger and the mailbox."""
    decided = Counter(_field(one.value, "event") for one in cluster.read(DECISIONS))
    jobs = Counter(_field(one.value, "id") for one in cluster.read(JOBS))
    mails = Counter(name for name, _ in arrivals)
    states, unknown = _ledger(ledger)
    return Counts(
        events=len(saved),
        decided=len(decided),
        decided_twice=sum(times - 1 for times in decided.values()),
        undecided=len(set(saved) - set(decided)),
        jobs=len(jobs),
        jobs_twice=sum(times - 1 for times in jobs.values()),
        dead_letters=len(cluster.read(DEAD_LETTERS)),
        states=states,
        mails=len(mails),
        mails_twice=sum(times - 1 for times in mails.values()),
        unknown=unknown,
    )


def _ledger(url: str) -> tuple[dict[str, int], int]:
    """How many jobs are in each state, and how many tries had an unknown outcome."""
    with closing(psycopg.connect(url)) as connection:
        states = connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
        in_doubt = "SELECT count(*) FROM job_changes WHERE transition IN ('lapsed', 'undecided')"
        found = connection.execute(in_doubt).fetchone()
    return {str(name): int(number) for name, number in states}, 0 if found is None else int(found[0])


def open_jobs(ledger: str) -> int:
    """How many jobs have not ended."""
    with closing(psycopg.connect(ledger)) as connection:
        found = connection.execute("SELECT count(*) FROM jobs WHERE open = 1").fetchone()
    return 0 if found is None else int(found[0])


def delays(cluster: Cluster, saved: Mapping[str, float], phases: Sequence[Phase]) -> dict[str, float]:
    """The longest wait of an event for its decision, in seconds, among those saved in each phase."""
    waits = [
        (saved[event], one.timestamp.timestamp() - saved[event])
        for one in cluster.read(DECISIONS)
        if (event := _field(one.value, "event")) in saved
    ]
    return {
        phase.name: max((wait for moment, wait in waits if phase.start <= moment <= phase.end), default=0.0)
        for phase in phases
    }


def _field(value: bytes | None, name: str) -> str:
    return str(msgspec.json.decode(value or b"{}")[name])
