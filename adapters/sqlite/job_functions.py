"""What the migrations need to know of the jobs that an older version kept: SQL functions of a job's JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from adapters.ledger.moments import to_micros
from schemas.job import JOB_DECODER, Job
from sender.entries import domain_of, recipient_of
from sender.storm import saved_at

_FUNCTIONS: Final[dict[str, Callable[[Job], str | int | None]]] = {
    "job_ticket": lambda job: job.ticket,
    "job_person": lambda job: str(job.person),
    "job_customer": lambda job: job.customer,
    "job_template": lambda job: job.form.template,
    "job_other_template": lambda job: job.otherwise.form.template if job.otherwise else None,
    "job_domain": domain_of,
    "job_recipient": recipient_of,
    "job_saved_at": lambda job: to_micros(saved_at(job)),
}


def add_job_functions(connection: sqlite3.Connection) -> None:
    """Give the connection the functions; each takes the bytes of a job's JSON."""
    for name, function in _FUNCTIONS.items():
        connection.create_function(name, 1, _on_bytes(function), deterministic=True)


def _on_bytes(function: Callable[[Job], str | int | None]) -> Callable[[bytes], str | int | None]:
    return lambda body: function(JOB_DECODER.decode(body))
