"""The whole sender, with a real Postfix that refuses it: by host, greeting and address, and to relay."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.mailbox.mailbox import Mailbox
from adapters.sqlite.ledger import SqliteLedger
from sender.states import State, Transition
from tests.support.mail.relays.postfix import Postfix
from tests.support.mail.relays.test_postfix import HASTY, SOON, Sender, jobs_of, poll, postfix_is_there

__all__ = ["postfix_is_there"]

QUICK = replace(HASTY, retry=replace(HASTY.retry, relay_delay=SOON))

MISTAKES = {
    "client": ("127.0.0.1", "reject", "554 5.7.1 <localhost[127.0.0.1]>: Client host rejected: Access denied"),
    "helo": ("localhost", "reject_non_fqdn_helo_hostname", "504 5.5.2 <localhost>: Helo command rejected: need"),
    "sender": ("bounces@desk.example", "reject", "554 5.7.1 <bounces@desk.example>: Sender address rejected: Access"),
}
"""How Postfix refuses this sender at each RCPT (smtpd_delay_reject), in the order in which it looks, and its words."""


@pytest.mark.timeout(120)
async def test_while_postfix_refuses_this_sender_messages_wait_and_whom_it_does_not_relay_for_fails(
    tmp_path: Path,
) -> None:
    jobs = jobs_of(tickets=10, saves=1)
    access = {"person-3@acme.example": "reject_unauth_destination"}
    tables = {f"smtpd_{one}_restrictions": f"check_{one}_access texthash:{{folder}}/{one}" for one in MISTAKES}
    async with Mailbox(tmp_path / "mail") as mailbox:
        # A process for each connection, so that it reads the tables anew.
        postfix = Postfix(mailbox.port, access, max_use="1", **tables)
        for name, (whom, how, _) in MISTAKES.items():
            postfix.write_map(name, {whom: how})
        with postfix, closing(SqliteLedger(tmp_path / "ledger.db")) as ledger:
            async with Sender(ledger, postfix.port, hello="localhost", settings=QUICK) as sender:
                sender.accept(jobs)
                for name, (_, _, words) in MISTAKES.items():
                    await poll(lambda words=words: words in postfix.log())  # type: ignore[misc]
                    assert ledger.counts()[State.DELIVERED] + ledger.counts()[State.FAILED] == 0
                    postfix.write_map(name, {})
                await sender.until(9, State.DELIVERED)
                await sender.until(1, State.FAILED)
                await mailbox.wait_for(9)
            refused, suppressed = sender.happened(Transition.REFUSED), list(ledger.suppressions(10))
            last = ledger.history(jobs[3].id)[-1]
    assert refused == {jobs[3].id}
    assert (last.code, "Relay access denied" in (last.text or "")) == (554, True)
    assert suppressed == []
