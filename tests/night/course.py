"""The course of a night: quiet, load, kills, a relay that hangs, a database that is away, a rolling restart."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable

from tests.faults.engines import until
from tests.night.desk import Desk
from tests.night.judges import Phase, open_jobs
from tests.night.stack import STARTS_WITHIN, Service, Stack

QUIET_RATE, USUAL_RATE, LOAD_RATE = 0.0, 3.0, 10.0
KILLS = 10
LONGEST_ABSENCE = 20.0
DATABASE_AWAY = 60.0
DONE_WITHIN = 1_200.0

# A kill leaves some messages of which nobody knows whether they arrived, and it is right to say so.
AFTER_A_KILL = frozenset({"TocsinDeliveriesUnknown"})
RELAY_HANGS = AFTER_A_KILL | {"TocsinRelayUnreachable"}


class Night:
    """Runs the phases one after the other, and remembers when each was. `minute` is how long a minute of it is."""

    def __init__(self, stack: Stack, desk: Desk, seed: int, minute: float = 60.0) -> None:
        self._stack = stack
        self._desk = desk
        self._chance = random.Random(seed)
        self._minute = minute
        self.phases: list[Phase] = []
        self.notes: list[str] = []

    def run(self) -> None:
        """All of it, an hour where a minute has sixty seconds."""
        self._phase("first work", USUAL_RATE, lambda: self._wait(1))
        self._phase("idle", QUIET_RATE, lambda: self._wait(15))
        self._phase("load", LOAD_RATE, lambda: self._wait(5))
        self._phase("kills", USUAL_RATE, self._kills, AFTER_A_KILL)
        self._phase("after the kills", USUAL_RATE, lambda: self._wait(2), AFTER_A_KILL)
        must = (("TocsinRelayUnreachable", 3 * self._minute),)
        self._phase("the relay hangs", USUAL_RATE, self._relay_hangs, RELAY_HANGS, must)
        self._phase("after the relay", USUAL_RATE, self._relay_is_back, RELAY_HANGS)
        self._phase("PostgreSQL away", USUAL_RATE, self._database_away)
        self._phase("after PostgreSQL", USUAL_RATE, lambda: self._wait(3))
        self._phase("rolling restart", USUAL_RATE, self._rolling_restart)
        self._phase("to the end", QUIET_RATE, self._until_done)

    def _phase(
        self,
        name: str,
        rate: float,
        course: Callable[[], None],
        may_fire: frozenset[str] = frozenset(),
        must_fire: tuple[tuple[str, float], ...] = (),
    ) -> None:
        say(f"{name} …")
        self._desk.rate = rate
        start = time.time()
        course()
        self.phases.append(Phase(name, start, time.time(), may_fire, must_fire))

    def _wait(self, minutes: float) -> None:
        deadline = time.monotonic() + minutes * self._minute
        while time.monotonic() < deadline:
            for service in self._stack.services:
                service.supervise()
            time.sleep(0.5)

    def _kills(self) -> None:
        for _ in range(KILLS):
            killed = self._chance.sample(self._stack.services, self._chance.choice([1, 1, 2]))
            for service in killed:
                service.end(signal.SIGKILL)
            absence = self._chance.uniform(0, LONGEST_ABSENCE)
            time.sleep(absence)
            for service in killed:
                service.start()
            took = self._until_ready()
            self._note(f"killed {', '.join(one.name for one in killed)} for {absence:.1f} s: ready after {took:.1f} s")
            self._wait(0.7)

    def _relay_hangs(self) -> None:
        self._stack.relay.hang()
        self._wait(6)

    def _relay_is_back(self) -> None:
        before, start = self._stack.relay.count(), time.monotonic()
        self._stack.relay.work()
        until(lambda: self._stack.relay.count() > before, STARTS_WITHIN, lambda: time.sleep(0.1))
        self._note(f"the relay is back: first mail after {time.monotonic() - start:.1f} s")
        self._wait(4)

    def _database_away(self) -> None:
        self._stack.postgres.kill()
        self._wait(DATABASE_AWAY / 60)
        self._stack.postgres.start()
        before, start = self._stack.relay.count(), time.monotonic()
        until(lambda: self._stack.relay.count() > before, STARTS_WITHIN, lambda: time.sleep(0.1))
        self._note(f"PostgreSQL is back: first mail after {time.monotonic() - start:.1f} s")

    def _rolling_restart(self) -> None:
        for service in self._stack.services:
            code = service.end(signal.SIGTERM)
            service.start()
            took = self._until_ready()
            self._note(f"{service.name} restarted (it ended with {code}): ready after {took:.1f} s")
            self._wait(0.5)

    def _until_done(self) -> None:
        """Until every message has ended, those of unknown outcome too."""
        self._wait(1)
        until(lambda: not open_jobs(self._stack.ledger_url), DONE_WITHIN, self._supervise)

    def _until_ready(self) -> float:
        start = time.monotonic()
        until(self._stack.are_ready, STARTS_WITHIN, self._supervise)
        return time.monotonic() - start

    def _supervise(self) -> None:
        for service in self._stack.services:
            service.supervise()
        time.sleep(0.2)

    def _note(self, text: str) -> None:
        self.notes.append(text)
        say(f"  {text}")


def say(text: str) -> None:
    """To whoever looks, at once."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def deaths(services: list[Service]) -> list[str]:
    """Services that ended by themselves, with their exit codes."""
    return [f"{one.name} ended by itself with {one.ended_by_itself}" for one in services if one.ended_by_itself]
