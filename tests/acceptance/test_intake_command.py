"""`tocsin intake try` and `check`: what a mapping makes of posts, and what is wrong with mapping files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.mapping_files.folder import SHIPPED_MAPPINGS
from tocsin.cli.app import app

NOW = datetime.now(UTC).isoformat()


def tocsin(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["intake", *map(str, arguments)])


def post(folder: Path, name: str, **fields: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps({"id": 1042, "contract": "C-7", "customer": "acme", "time": NOW, **fields}))
    return file


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "directory"
    folder.mkdir()
    (folder / "all.yaml").write_text(
        """
- {kind: contract, id: C-7, type: commitment, client: acme, contacts: [ct-1], recipients: {contract: {contacts: true}}}
- {kind: customer, id: acme, main_site: S-paris, alerts: {opened: {enabled: true}, closed: {enabled: true}}}
- {kind: site, id: S-paris, customer: acme}
- kind: contact
  id: ct-1
  customer: acme
  name: Zoé Martin
  sites: [S-paris]
  modes: [{channel: email, address: zoe@acme.example, active: true}]
  alerts: [opened, closed]
"""
    )
    return folder


def test_posts_in_their_order_show_what_each_save_means_and_whom_it_alerts(tmp_path: Path, directory: Path) -> None:
    created = post(tmp_path, "1.json", moment="created", description="It is broken", status="new", closed=False)
    closed = post(tmp_path, "2.json", moment="updated", status="closed", closed=True)
    result = tocsin("try", "generic", created, closed, "--directory", directory)
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert [event["data"]["ticket"]["status"] for event in events] == ["new", "closed"]
    assert events[0]["data"]["previous"] is None
    # The second post does not say the description, which is known from the first.
    assert events[1]["data"]["ticket"]["external_description"] == "It is broken"
    assert "The save means: opened." in result.stdout
    assert "The save means: closed, status_changed." in result.stdout
    assert result.stdout.count("Zoé Martin") >= 2


def test_the_contract_is_looked_up_in_the_directory(tmp_path: Path, directory: Path) -> None:
    result = tocsin("try", "generic", post(tmp_path, "1.json", contract=None), "-d", directory)
    assert json.loads(result.stdout.splitlines()[0])["data"]["ticket"]["contract"] == "C-7"


def test_what_cannot_be_read_is_named_with_its_value_and_the_others_go_on(tmp_path: Path) -> None:
    bad = post(tmp_path, "1.json", closed="perhaps")
    result = tocsin("try", "generic", bad, post(tmp_path, "2.json"))
    assert result.exit_code == 1
    assert (
        f'{bad}: ticket.closed_for_customer: at $.closed: this value is not in `map` (got "perhaps")' in result.output
    )
    assert result.stdout.count("The save raises no trigger") == 1


def test_headers_of_a_post_are_given_by_option(tmp_path: Path) -> None:
    posted = SHIPPED_MAPPINGS / "posts" / "zammad-created.json"
    result = tocsin("try", "zammad", posted, "-H", "X-Zammad-Trigger: Tocsin: created")
    assert "The save means: opened." in result.stdout
    assert "The save raises no trigger" in tocsin("try", "zammad", posted).stdout
    assert tocsin("try", "zammad", posted, "-H", "nothing").exit_code == 2


def test_an_ignored_post_says_why(tmp_path: Path) -> None:
    result = tocsin("try", "zammad", post(tmp_path, "1.json"))
    assert (result.exit_code, result.stdout) == (0, "Ignored: a post without a ticket.\n")


def test_a_mapping_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    result = tocsin("try", "zamad", post(tmp_path, "1.json"))
    assert result.exit_code == 1
    assert "there is no mapping 'zamad': there are freescout, freshdesk, generic" in result.output


def test_check_names_faults_and_tests_that_fail_of_ones_own_files_too(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text("ticket: {id: $.id, titel: $.title}")
    (tmp_path / "zammad.yaml").write_text("ticket: {id: $.id}")
    (tmp_path / "zammad.test.yaml").write_text("tests: [{test: It fails, payload: {id: 1}, expect: {moment: created}}]")
    result = tocsin("check", "--mappings", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path / 'desk.yaml'}:1:20: error: there is no key `titel` here: did you mean `title`?" in result.stdout
    assert 'It fails: moment is "unknown", expected "created"' in result.stdout
    assert "2 errors" in result.stdout


def test_check_passes_the_shipped_mappings() -> None:
    result = tocsin("check")
    assert result.exit_code == 0
    assert result.stdout.startswith("9 mappings, ")
    assert tocsin("check", "generic").stdout.startswith("1 mapping, ")
