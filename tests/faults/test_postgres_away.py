"""PostgreSQL that is stopped for a while under load: senders wait, and each message arrives once."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.postgres.ledger import PostgresLedger
from tests.faults.engines import until
from tests.faults.postgres_senders import BATCH, Senders, arrivals, batch, check_lanes, wait_until_finished
from tests.faults.stoppable import PATIENCE, Stoppable
from tests.support.databases.native import NativePostgres
from tests.support.mail.mailbox_thread import mailbox_in

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(500)]

NOWHERE = "postgresql://u:s3cr3t@127.0.0.1:1/db"


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_senders_wait_for_it_and_send_nothing_twice(
    mortal_server: NativePostgres, tmp_path: Path, seconds: float
) -> None:
    """With delays as in earnest: an answer that was forgotten would bring a second copy half an hour later."""
    url, outages = mortal_server.url("postgres"), 3
    made = [job for number in range(outages) for job in batch(number)]
    with mailbox_in(tmp_path) as port, Senders(url, port, "patient") as senders:
        for _ in range(2):
            senders.start()
        for number in range(outages):
            with closing(PostgresLedger(url)) as ledger:
                ledger.accept(made[number * BATCH : (number + 1) * BATCH], datetime.now(UTC))
            senders.wait_for("sent", 5)
            mortal_server.stop()
            threading.Event().wait(seconds)
            mortal_server.start()
        with closing(PostgresLedger(url)) as ledger:
            wait_until_finished(ledger)
        senders.check_alive()
    arrived = arrivals(tmp_path)
    assert sorted(arrived) == sorted(job.id for job in made)
    check_lanes(made, arrived)


@pytest.mark.parametrize(
    "command",
    [
        ["sender", "--kafka", "127.0.0.1:1", "--ledger", NOWHERE, "--from", "a@desk.example", "--smtp", "127.0.0.1:1"],
        ["opt-out", "--listen", "127.0.0.1:0", "--ledger", NOWHERE],
    ],
    ids=lambda words: words[0],
)
def test_a_service_waits_for_it_at_its_start_and_stops_promptly(
    tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_OPT_OUT_SECRETS", "x" * 40)
    data = ["--data", str(tmp_path / "data"), "--tls", "none"] if command[0] == "sender" else []
    service = Stoppable(tmp_path / "log", *command, *data, up="ledger_unavailable")
    with service.running("--stop-within=60"):
        threading.Event().wait(3.0)
        assert service.said().count("ledger_unavailable") == 1, "once, though it asks every second"
        assert service.stop(within=2.0) == 0
    assert service.says('"event":"stopped"')
    assert "s3cr3t" not in service.said()


def test_opting_out_works_once_it_is_there(
    mortal_server: NativePostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_OPT_OUT_SECRETS", "x" * 40)
    url = mortal_server.url("postgres")
    mortal_server.stop()
    service = Stoppable(
        tmp_path / "log", "opt-out", "--listen", "127.0.0.1:0", "--ledger", url, up="ledger_unavailable"
    )
    with service.running():
        mortal_server.start()
        until(lambda: service.says('"event":"up"'), PATIENCE)
        assert service.says('"event":"ledger_back"')
        assert service.stop(within=5.0) == 0
