"""A sender that is told to stop: what is on its way is finished, or cut at the deadline and seen to later."""

from __future__ import annotations

import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.kafka.topics import create_topics
from adapters.sqlite.ledger import SqliteLedger
from sender.records import Selection
from sender.states import State
from tests.faults.engines import directory_record, until
from tests.faults.stoppable import PATIENCE, TOCSIN, SlowPeer, Stoppable, at_work, no_echo
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import HOST, NativeBroker
from tests.support.databases.proxy import Proxy
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory, write_events
from tests.support.mail.smtp_peers import HANG, At, Fault, FaultyPeer
from tocsin.services.lifecycle.deadline import CUT

pytestmark = pytest.mark.timeout(180)

LONG = "--stop-within=60"
SHORT = "--stop-within=1"
GROUP = "tocsin-sender"
QUICK, SLOW = "ct-1@acme.example", "ct-2@acme.example"


class Up:
    """`tocsin up` on a helpdesk of two contacts, each of whom every event alerts."""

    def __init__(self, folder: Path, peer: FaultyPeer) -> None:
        desk = Helpdesk()
        for person in ("ct-1", "ct-2"):
            desk.contact(person, "contract/C-7")
        self.data = folder / "data"
        self._folder = folder
        directory = write_directory(folder / "directory", desk)
        relay = ["--smtp", f"{HOST}:{peer.port}", "--tls", "none", "--from", "Support <support@desk.example>"]
        around = ["--data", str(self.data), "--directory", str(directory)]
        self.service = Stoppable(folder / "log", "up", "--storm-limit=0", *around, *relay)

    def emit(self) -> None:
        """An event, beside the service or before it."""
        events = write_events(self._folder / "events.jsonl", [created(1)])
        subprocess.run([*TOCSIN, "emit", "--data", str(self.data), str(events)], check=True, capture_output=True)

    def counts(self) -> dict[State, int]:
        with closing(SqliteLedger(self.data / "tocsin.db")) as ledger:
            return {state: count for state, count in ledger.counts().items() if count}

    def handed_over(self) -> int:
        """How many the relay may have by now, and has not answered."""
        with closing(SqliteLedger(self.data / "tocsin.db")) as ledger:
            lines = ledger.list(Selection(states=frozenset({State.SENDING})), 10)
        return sum(line.entry.standing.handed_over for line in lines)

    def arrived(self, peer: FaultyPeer) -> Counter[str]:
        return Counter(one.recipient for one in peer.taken)


def test_a_message_on_its_way_is_finished(tmp_path: Path) -> None:
    peer = SlowPeer()
    with at_work(peer):
        up = Up(tmp_path, peer)
        up.emit()
        with up.service.running(LONG):
            assert peer.asked.wait(PATIENCE)
            up.service.signal()
            until(lambda: up.service.says('"event":"stopping"'), PATIENCE)
            assert up.counts() == {State.SENDING: 2}
            peer.let.set()
            assert up.service.ended(within=0.0) == 0
    assert up.service.says('"event":"stopped"')
    assert up.counts() == {State.DELIVERED: 2}
    assert up.arrived(peer) == {QUICK: 1, SLOW: 1}


def test_a_relay_that_never_answers_costs_its_own_message_alone(tmp_path: Path) -> None:
    peer = FaultyPeer([Fault(At.DOT, HANG, recipient=SLOW)])
    with at_work(peer):
        up = Up(tmp_path, peer)
        up.emit()
        with up.service.running(SHORT):
            until(lambda: up.counts() == {State.DELIVERED: 1, State.SENDING: 1}, PATIENCE)
            assert up.service.stop(within=1.0) == CUT
            with closing(SqliteLedger(up.data / "tocsin.db")) as ledger:
                (late,) = ledger.list(Selection(states=frozenset({State.SENDING})), 10)
            assert f"job {late.entry.job.id}" in up.service.line('"event":"cut_short"')
        # As after a kill: nobody knows whether it arrived, and it is not sent again before half an hour has passed.
        with up.service.running(SHORT):
            until(lambda: up.counts() == {State.DELIVERED: 1, State.UNKNOWN: 1}, PATIENCE)
            assert up.service.stop(within=0.0) == 0
    assert up.arrived(peer) == {QUICK: 1}


def test_a_second_signal_cuts_at_once(tmp_path: Path) -> None:
    peer = FaultyPeer([Fault(At.DOT, HANG)])
    with at_work(peer):
        up = Up(tmp_path, peer)
        up.emit()
        with up.service.running(LONG):
            until(lambda: up.counts() == {State.SENDING: 2}, PATIENCE)
            up.service.signal()
            until(lambda: up.service.says('"event":"stopping"'), PATIENCE)
            no_echo()
            assert up.service.stop(within=0.0) == CUT
        assert up.service.says('"why":"a second signal"')


def test_a_ledger_that_is_locked_holds_nobody_up(tmp_path: Path) -> None:
    peer = SlowPeer()
    with at_work(peer):
        up = Up(tmp_path, peer)
        up.emit()
        with up.service.running(SHORT):
            assert peer.asked.wait(PATIENCE)
            until(lambda: up.handed_over() == 2, PATIENCE)
            with locked(up.data / "tocsin.db"):
                peer.let.set()
                until(lambda: len(peer.taken) == 2, PATIENCE)
                # Both have arrived, and that can't be written down: each write waits for ten seconds.
                assert up.service.stop(within=1.0) == CUT
            # The first one that came is being written, the other one waits for its turn.
            assert "(answered, not recorded)" in up.service.line('"event":"cut_short"')
            assert up.service.line('"event":"cut_short"').count("job ") == 2
        with up.service.running(SHORT):
            until(lambda: up.counts() == {State.UNKNOWN: 2}, PATIENCE)
            assert up.service.stop(within=0.0) == 0
    assert up.arrived(peer) == {QUICK: 1, SLOW: 1}


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process's transaction, as far as the service can tell."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def sender(cluster: Cluster, folder: Path, *options: str) -> Stoppable:
    """`tocsin sender` with nothing to do."""
    create_topics(settings_of(cluster), partitions=2, replication=1)
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    cluster.append(directory_record(record) for record in desk.records.values())
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix, "--data", str(folder / "data")]
    relay = ["--smtp", f"{HOST}:1", "--tls", "none", "--from", "Support <support@desk.example>"]
    return Stoppable(folder / "log", "sender", *on, *relay, *options)


@pytest.mark.kafka
@pytest.mark.parametrize("options", [(), ("--leave",)], ids=["for a restart", "for good"])
def test_the_place_in_the_group_is_kept_unless_it_leaves(
    cluster: Cluster, tmp_path: Path, options: tuple[str, ...]
) -> None:
    service = sender(cluster, tmp_path, LONG, *options)
    with service.running():
        until(lambda: cluster.members(GROUP) == {"sender": {0, 1}}, PATIENCE)
        assert service.stop(within=0.0) == 0
        left = cluster.members(GROUP)
    assert left == ({} if options else {"sender": {0, 1}})


@pytest.mark.kafka
def test_a_broker_that_hangs_holds_nobody_up(lone_cluster: Cluster, lone: NativeBroker, tmp_path: Path) -> None:
    service = sender(lone_cluster, tmp_path, SHORT)
    with service.running():
        until(lambda: lone_cluster.members(GROUP) == {"sender": {0, 1}}, PATIENCE)
        try:
            lone.pause()
            assert service.stop(within=1.0) in (0, CUT)
        finally:
            lone.resume()


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_database_that_hangs_holds_nobody_up(cluster: Cluster, postgres_url: str, tmp_path: Path) -> None:
    port = urlsplit(postgres_url).port
    assert port is not None
    with Proxy(port) as proxy:
        url = postgres_url.replace(f":{port}/", f":{proxy.port}/")
        service = sender(cluster, tmp_path, SHORT, "--ledger", url)
        with service.running():
            until(lambda: cluster.members(GROUP) == {"sender": {0, 1}}, PATIENCE)
            # It looks at its ledger several times a second, and at its end; it waits for an answer for forty.
            proxy.swallow()
            assert service.stop(within=1.0) == CUT
            said = service.line('"event":"cut_short"')
            assert any(f"{what} (came round" in said for what in ("deliver", "publish", "publish_the_rest"))
