"""Each statement on posts finds its rows by an index, whatever else there is."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sql_outcomes import statements as sql
from adapters.sqlite.database import open_database

STATEMENTS = {
    name: one
    for name, one in vars(sql).items()
    if isinstance(one, str) and name.isupper() and name not in {"SELECTED", "DISABLED"}
}


def plan(path: Path, statement: str) -> list[str]:
    values = dict.fromkeys(re.findall(r"(?<![:\w]):([a-z_]+)", statement), 1)
    with closing(open_database(path)) as database:
        return [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_looks_at_each_row(tmp_path: Path, name: str) -> None:
    steps = plan(tmp_path / "tocsin.db", STATEMENTS[name])
    assert [step for step in steps if step.startswith("SCAN outcome") and "USING" not in step] == []
    assert [step for step in steps if "TEMP B-TREE FOR GROUP" in step] == []


def test_control_a_look_at_each_row_is_found(tmp_path: Path) -> None:
    steps = plan(tmp_path / "tocsin.db", "SELECT seq FROM outcome_posts WHERE said = :said")
    assert steps == ["SCAN outcome_posts"]
