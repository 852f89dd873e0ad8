"""A real helpdesk's log as events and a directory, to replay: `python -m bench.helpdesk_log CSV DIR`.

The log is CSV, a row for each activity on a case, the rows of a case together and in their order. Its columns are
`Case ID`, `Activity`, `Resource`, `Complete Timestamp` (YYYY/MM/DD hh:mm:ss.sss, taken as UTC), `customer`, `product`,
`service_level`, `service_type`, `seriousness_2` and `workgroup`. Each row becomes one save of a ticket in
`DIR/events.jsonl`, in order of time over all tickets. The people in `DIR/directory/` are made up.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from bench.helpdesk_people import contract_id, customer_id, directory, number, product_id, service_id, site_id

Row = dict[str, str]
Save = dict[str, Any]

RESOLVES = "Resolve ticket"
CLOSES = "Closed"


def main() -> None:
    """Convert a log."""
    parser = argparse.ArgumentParser(prog="python -m bench.helpdesk_log", description=__doc__)
    parser.add_argument("csv", type=Path, metavar="CSV", help="the log")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where events.jsonl and directory/ are written")
    arguments = parser.parse_args()
    saves, records = convert(arguments.csv, arguments.folder)
    print(f"{saves} saves and {records} records in {arguments.folder}")


def convert(log: Path, folder: Path) -> tuple[int, int]:
    """Write the events and the directory of a log. Returns how many of each.

    Raises ValueError where the log is not as this module describes it.
    """
    with log.open(encoding="utf-8-sig", newline="") as lines:
        rows = [*csv.DictReader(lines)]
    (folder / "directory").mkdir(parents=True, exist_ok=True)
    cases = [[*case] for _, case in groupby(rows, key=lambda row: row["Case ID"])]
    if len({case[0]["Case ID"] for case in cases}) < len(cases):
        raise ValueError(f"{log}: the rows of a case must stand together")
    saves = sorted((save for case in cases for save in saves_of(case)), key=lambda save: str(save["time"]))
    records = directory(cases)
    _write(folder / "events.jsonl", saves)
    _write(folder / "directory" / "records.jsonl", records)
    return len(saves), len(records)


def _write(file: Path, values: Iterable[Save]) -> None:
    encoder = msgspec.json.Encoder()
    file.write_bytes(b"".join(encoder.encode(value) + b"\n" for value in values))


def saves_of(case: list[Row]) -> Iterator[Save]:
    """The events of one case. What is not its state stays as its first row has it."""
    fixed = _fixed_fields(case[0])
    state: Save | None = None
    time = ""
    for position, row in enumerate(case, 1):
        if _time(row) < time:
            raise ValueError(f"{row['Case ID']}: row {position} is earlier than the one before")
        time = _time(row)
        now = _state(row["Activity"], state)
        previous = None if state is None else {field: state[field] for field in now if state[field] != now[field]}
        state = now
        yield {
            "specversion": "1.0",
            "id": f"{fixed['id']}-{position}",
            "source": "/helpdesk-log",
            "type": "ticket.saved",
            "subject": fixed["id"],
            "time": time,
            "data": {
                "ticket": {**fixed, **now},
                "previous": previous,
                "actor": {"kind": "collaborator", "id": f"agent-{number(row['Resource'])}"},
            },
        }


def _state(activity: str, before: Save | None) -> Save:
    """Its activity marks the resolution, which stays marked over the closure; any other activity reopens the ticket."""
    was_marked = before is not None and before["resolution_marked"]
    return {
        "status": activity,
        "resolution_marked": activity == RESOLVES or (activity == CLOSES and was_marked),
        "closed_for_customer": activity == CLOSES,
    }


def _fixed_fields(first: Row) -> Save:
    case, created = first["Case ID"], _time(first)
    return {
        "id": case.replace(" ", "-"),
        "reference": case,
        "contract": contract_id(first),
        "customer": customer_id(first),
        "product": product_id(first),
        "site": site_id(first),
        "service": service_id(first),
        "title": f"{case}: a question about product {number(first['product'])}",
        "external_description": f"Reported by customer {number(first['customer'])}.",
        "priority": number(first["seriousness_2"]),
        "created_at": created,
        "first_described_at": created,
    }


def _time(row: Row) -> str:
    time = datetime.strptime(row["Complete Timestamp"], "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    main()
