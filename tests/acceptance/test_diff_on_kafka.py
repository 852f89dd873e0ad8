"""`tocsin diff` on the events and the directory of a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.topics import TICKETS
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory, write_events
from tocsin.cli.app import app

pytestmark = pytest.mark.kafka


def run(*arguments: object, expect: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result.stdout


def test_a_topic_is_replayed_from_its_beginning_to_its_end(cluster: Cluster, tmp_path: Path) -> None:
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
    run("topics", "create", "--partitions", 3, "--replication", 1, *on)
    desk = Helpdesk()
    desk.contact("ct-1", "product/P-erp")
    run("directory", "load", write_directory(tmp_path / "directory", desk), *on)
    run("emit", write_events(tmp_path / "events.jsonl", [created(number) for number in range(30)]), *on)
    (tmp_path / "new.yaml").write_text(
        'extends: default\nrules: [{rule: product-contacts, for: product.contacts, if: ticket.id != "T-7"}]\n'
    )
    for _ in range(2):
        assert run("diff", "default", "default", "-e", f"topic:{TICKETS}", *on) == "30 events: nothing changes\n"
    said = run("diff", "default", tmp_path / "new.yaml", "-e", f"topic:{TICKETS}", *on, expect=1)
    assert said.startswith("30 events: 1 would alert otherwise\n\nNo longer get a message: 1 message, 1 person\n")
    run("diff", "default", "default", "-e", "topic:none", *on, expect=2)
