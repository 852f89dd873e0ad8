"""The alert rules: each fires, clears and has a section in the runbook; what rules and dashboard ask for exists."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.ops.prometheus import program
from tests.unit.test_metrics_page import declared

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
RULE_FILES = sorted((OPS / "rules").glob("*.yml"))
TEST_FILES = sorted((OPS / "tests").glob("*.yml"))
DASHBOARD = OPS / "grafana" / "dashboards" / "tocsin.json"
RUNBOOK = ROOT / "docs" / "runbook.md"
RUNBOOK_URL = "{{ with $externalLabels.tocsin_runbook }}{{ . }}{{ else }}docs/runbook.md{{ end }}"
OTHERS = {"up", "ALERTS"}
"""What Prometheus itself writes."""
CLIENTS = re.compile(r"process_\w+|python_\w+")
NAME = re.compile(r"\b(?:tocsin[_:][\w:]+|process_\w+|python_\w+|up|ALERTS)\b")


def load(file: Path) -> Any:
    return YAML(typ="safe").load(file)


RULES: list[dict[str, Any]] = [rule for file in RULE_FILES for group in load(file)["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
TEST_CASES = [case for file in TEST_FILES for case in load(file)["tests"]]

each_alert = pytest.mark.parametrize("alert", ALERTS)


def run(*arguments: str, folder: Path = OPS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool"), *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_prometheus_takes_the_rules() -> None:
    done = run("check", "rules", *map(str, RULE_FILES))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.name)
def test_alerts_fire_and_clear_as_their_tests_say(file: Path) -> None:
    done = run("test", "rules", file.name, folder=file.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_that_would_not_fire_is_noticed(tmp_path: Path) -> None:
    """The control."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    for file in (*RULE_FILES, *TEST_FILES):
        text = file.read_text().replace("tocsin_relay_out_of_reach == 1", "tocsin_relay_out_of_reach == 2")
        (tmp_path / file.parent.name / file.name).write_text(text)
    done = run("test", "rules", "causes.yml", folder=tmp_path / "tests")
    assert done.returncode == 1
    assert "TocsinRelayUnreachable" in done.stdout + done.stderr


@each_alert
def test_an_alert_is_tested_to_be_silent_to_fire_and_to_clear(alert: str) -> None:
    courses = [
        "".join("!" if one.get("exp_alerts") else "." for one in case["alert_rule_test"] if one["alertname"] == alert)
        for case in TEST_CASES
    ]
    assert any(re.fullmatch(r"\.+!+\.+", course) for course in courses)


def silencers(alert: str) -> set[str]:
    """The alerts of which one makes this one silent."""
    selectors = re.findall(r"ALERTS\{([^}]*)\}", ALERTS[alert]["expr"])
    return {name for one in selectors for name in re.findall(r'alertname=~?"([^"]+)"', one)[0].split("|")}


@each_alert
def test_an_alert_is_silenced_by_what_fires_alone(alert: str) -> None:
    """One that is pending may never fire, and would silence others for ever all the same."""
    assert not re.findall(r'ALERTS\{(?![^}]*alertstate="firing")', ALERTS[alert]["expr"])
    assert silencers(alert) <= set(ALERTS)


def test_what_silences_stands_before_what_it_silences() -> None:
    """So that each evaluation knows its causes, and no two alerts silence each other."""
    order = list(ALERTS)
    assert all(order.index(one) < order.index(alert) for alert in ALERTS for one in silencers(alert))
    assert silencers("TocsinJobsOverdue") == {"TocsinRelayUnreachable", "TocsinLedgerUnreadable"}


@each_alert
def test_an_alert_says_how_bad_it_is_what_is_wrong_and_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["for"]
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"{RUNBOOK_URL}#{alert.lower()}"


def test_links_to_the_runbook_become_urls_where_prometheus_is_told_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for file in RULE_FILES:
        (tmp_path / "rules" / file.name).write_text(file.read_text())
    (tmp_path / "url.yml").write_text(
        """
rule_files: ["rules/*.yml"]
evaluation_interval: 30s
tests:
  - interval: 30s
    external_labels: {tocsin_runbook: "https://docs.example/runbook"}
    input_series:
      - {series: 'up{job="tocsin-sender", instance="sender:9464"}', values: '1x20'}
    alert_rule_test:
      - eval_time: 2m
        alertname: TocsinNoEngine
        exp_alerts:
          - exp_labels: {job: tocsin-engine, severity: page}
            exp_annotations:
              summary: No engine runs; nothing is decided
              description: "Prometheus reaches none of the engines. Events wait on Kafka, none is lost."
              runbook_url: https://docs.example/runbook#tocsinnoengine
"""
    )
    done = run("test", "rules", "url.yml", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_routing_is_taken_by_alertmanager_and_names_alerts_that_there_are() -> None:
    routing = OPS / "alertmanager.yml"
    named = set(re.findall(r"Tocsin\w+", routing.read_text()))
    assert named <= set(ALERTS)
    done = subprocess.run(
        [program("amtool"), "check-config", routing], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("severity", "receiver"), [("page", "on-call"), ("ticket", "tickets")])
def test_pages_wake_somebody_and_tickets_do_not(severity: str, receiver: str) -> None:
    command = [program("amtool"), "config", "routes", "test", f"--config.file={OPS / 'alertmanager.yml'}"]
    done = subprocess.run(
        [*command, "alertname=TocsinNoEngine", f"severity={severity}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == receiver, done.stdout + done.stderr


def test_the_runbook_has_a_section_for_each_alert_and_for_no_other() -> None:
    sections = re.findall(r"^## (Tocsin\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert sections == list(ALERTS)


@each_alert
def test_a_section_says_what_it_means_how_to_see_it_and_how_to_mend_it(alert: str) -> None:
    section = RUNBOOK.read_text().partition(f"\n## {alert}\n")[2].partition("\n## ")[0]
    assert re.findall(r"\*\*([\w ]+)\.\*\*", section) == ["Means", "See", "Mend"]
    assert f"({ALERTS[alert]['labels']['severity']})" in section


def asked_for(query: str) -> set[str]:
    """Every metric that a query names, histograms by their own names."""
    bare = re.sub(r"\{[^}]*\}", "", query)
    return {re.sub(r"_(?:bucket|count|sum)$", "", name) for name in NAME.findall(bare)}


def queries() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def test_the_dashboard_follows_its_variables_and_no_others() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    declared_ones = {one["name"] for one in dashboard["templating"]["list"]}
    assert declared_ones == {"datasource", "job", "instance"}
    assert set(re.findall(r"\$(\w+)", " ".join(queries()))) == declared_ones - {"datasource"}
    sources = {panel["datasource"]["uid"] for panel in dashboard["panels"] if panel["type"] != "row"}
    assert sources == {"${datasource}"}


def test_each_colour_of_a_panel_begins_at_a_value_of_its_own() -> None:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        steps = panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", [])
        values = [step["value"] for step in steps]
        assert len(set(values)) == len(values), panel["title"]


def test_panels_lie_beside_each_other_and_have_ids_of_their_own() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(places)) == len(places)
    assert max(x for x, _ in places) < 24


@pytest.mark.parametrize("query", [*(rule["expr"] for rule in RULES), *queries()])
def test_what_is_asked_for_is_declared(query: str) -> None:
    names = asked_for(query)
    assert names
    unknown = names - set(declared()) - RECORDED - OTHERS
    assert not [name for name in unknown if not CLIENTS.fullmatch(name)]


def test_a_metric_that_does_not_exist_is_noticed() -> None:
    """The control."""
    assert asked_for("sum by (job) (rate(tocsin_event_total[5m])) > 3") == {"tocsin_event_total"}
    assert asked_for("tocsin_events_total") == {"tocsin_events_total"}


def test_each_recorded_rule_is_used() -> None:
    used = set().union(*(asked_for(rule["expr"]) for rule in RULES), *(asked_for(query) for query in queries()))
    assert used >= RECORDED


def test_compose_gives_prometheus_the_rules_and_its_targets_bear_the_names_that_the_rules_use() -> None:
    settings = load(OPS / "prometheus.yml")
    volumes = load(ROOT / "docker-compose.yml")["services"]["prometheus"]["volumes"]
    assert "./ops/rules:/etc/prometheus/rules:ro" in volumes
    assert settings["rule_files"] == ["/etc/prometheus/rules/*.yml"]
    assert {one["job_name"] for one in settings["scrape_configs"]} == {
        "tocsin-engine",
        "tocsin-sender",
        "tocsin-intake",
    }
