"""What follows from made-up mails that come back, for a ledger of made-up jobs."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.job import Job
from sender.bounces.policy import Evidence, Finding, finding
from sender.bounces.reading import read_mail
from sender.proof import Proofs
from sender.records import LedgerEntry
from sender.states import Transition, begin
from sender.suppressions.opt_out import OptOutTokens
from tests.support.mail.messages import IDENTITY, a_job
from tests.support.mail.returned_mails import exchange, exim, gmail, postfix

US = "tocsin.desk.example"
JOB = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TOKENS = OptOutTokens(IDENTITY.secrets)
PROOFS = Proofs(IDENTITY.secrets)
SHAPES = {"postfix": postfix(), "exchange": exchange(), "gmail": gmail(), "exim": exim()}


def judged(
    content: bytes,
    *jobs: Job,
    now: datetime = NOW,
    proofs: Proofs = PROOFS,
    unproven: bool = False,
    bundled: tuple[Job, ...] = (),
) -> Finding:
    """What follows for a ledger that holds these jobs, or the usual one."""
    entries = {job.id: entry_of(job) for job in jobs or (a_job(),)}
    evidence = Evidence(entries.get, lambda _: [entry_of(job) for job in bundled], TOKENS, proofs, unproven)
    return finding(read_mail(content, US), evidence, now)


def entry_of(job: Job) -> LedgerEntry:
    return LedgerEntry(job, False, begin(Transition.ACCEPTED, NOW))


def return_path(job: Job) -> str:
    return f"bounces+{PROOFS.write(job.id)}@desk.example"
