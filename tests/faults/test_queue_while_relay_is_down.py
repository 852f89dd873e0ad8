"""Many jobs queued while the relay is down: memory stays, the ledger is left alone, and all go out once it is back."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sender.delivery.loop import DeliverySettings
from tests.faults.queue_child import PAUSE, PROBES
from tests.support.mail.relays.postfix import free_port
from tests.support.mail.smtp_peers import FaultyPeer, Taken

MIB = 1_048_576
FLAT = 32 * MIB
"""What a process may grow by while it works, however many jobs are queued."""


@dataclass
class Forgetful(FaultyPeer):
    """A relay that counts copies, and keeps none."""

    copies: int = 0
    ids: set[bytes] = field(default_factory=set)

    def take(self, taken: Taken) -> None:
        self.copies += 1
        self.ids.add(taken.content.partition(b"@")[0])
        self.commands.clear()


async def child(tmp_path: Path, port: int, jobs: int, size: int, *more: str) -> asyncio.subprocess.Process:
    arguments = ["-m", "tests.faults.queue_child", str(tmp_path / "ledger.db"), str(port), str(jobs), str(size), *more]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=pipe, stdout=pipe)


async def told(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    figures: dict[str, Any] = json.loads(await process.stdout.readline())
    return figures


async def queue_and_drain(tmp_path: Path, jobs: int, size: int) -> None:
    port = free_port()
    process = await child(tmp_path, port, jobs, size)
    try:
        queued = await told(process)
        assert queued["queued"] >= jobs - DeliverySettings().concurrency
        # Those under way when it was found out, then one a pause; each is claimed and put off, which is two changes.
        assert queued["asked"] <= DeliverySettings().concurrency + PROBES + queued["seconds"] / (PAUSE * 0.75)
        assert queued["written"] <= 2 * (queued["asked"] + 1)
        assert queued["grown"] < FLAT
        async with Forgetful(wanted_port=port) as peer:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            drained = await told(process)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert drained["delivered"] == jobs
    assert drained["grown"] < FLAT
    assert peer.copies == len(peer.ids) == jobs


async def test_three_thousand_jobs(tmp_path: Path) -> None:
    await queue_and_drain(tmp_path, jobs=3_000, size=20_000)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
async def test_a_hundred_thousand_jobs(tmp_path: Path) -> None:
    await queue_and_drain(tmp_path, jobs=100_000, size=1_000)


async def test_a_process_that_kept_them_would_be_seen(tmp_path: Path) -> None:
    """The control."""
    process = await child(tmp_path, free_port(), 3_000, 20_000, "hoard")
    try:
        assert (await told(process))["grown"] > FLAT
    finally:
        process.kill()
        await process.wait()
