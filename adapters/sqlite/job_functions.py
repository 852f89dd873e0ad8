"""SQL functions for migrations: they read columns out of the JSON of jobs and suppressions that older versions kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

import msgspec

from adapters.sql_ledger.moments import to_micros
from schemas.directory import SuppressionRecord
from schemas.job import JOB_DECODER, Job
from sender.records import domain_of, recipient_of
from sender.storms.storm import saved_at

_SUPPRESSION: Final = msgspec.json.Decoder(SuppressionRecord)

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
    """Give the connection the functions; each takes the bytes of a job's JSON, or of a suppression's."""
    connection.create_function("suppression_ends", 1, _ends, deterministic=True)
    for name, function in _FUNCTIONS.items():
        connection.create_function(name, 1, _on_bytes(function), deterministic=True)


def _ends(body: bytes) -> int | None:
    until = _SUPPRESSION.decode(body).until
    return None if until is None else to_micros(until)


def _on_bytes(function: Callable[[Job], str | int | None]) -> Callable[[bytes], str | int | None]:
    return lambda body: function(JOB_DECODER.decode(body))
