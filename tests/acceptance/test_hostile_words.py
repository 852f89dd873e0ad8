"""What others wrote never acts on a terminal, whatever command shows it: each is run on words that would."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from msgspec.structs import replace
from typer.testing import CliRunner

from adapters.kafka.held_records import HeldRecord
from adapters.rule_files.load import DEFAULT_FILE
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ledger import SqliteLedger
from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from outcomes.ports import Disabled, NewPost
from schemas.dead_letter import Cause, dead_letter
from schemas.log import Record
from schemas.topics import TICKETS
from sender.delivery.gate import Gate
from sender.delivery.loop import Delivery
from sender.ledger.restrictions import Pause
from sender.replies.reply import Reply, ReplyKind, Stage
from tests.contract.outcome_post_promises import hear
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory, write_events
from tests.support.helpdesk.rule_folders import OWN, write_rules
from tests.support.sender.fakes import FakeClock, FakeComposer, FakeTransport
from tests.support.sender.operated_ledger import job
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

SAID: Final = (
    "\x1b[2J\x1b]8;;http://evil.example\x07Z\x1b]8;;\x07\x1b]52;c;eA==\x07\x9b31m\x90q\x9c\x7f\x00\x08"
    "\u202e\u2066\u200e\u200f\u061c\u2028\u2029\ufeff\u200b\u200d\u00ad\U000e0041[bold red]B[/][link=http://e]L[/link]"
)
"""Colours, links and clipboards of terminals (ECMA-48: C0, C1, OSC, CSI, DCS), marks of direction (UAX 9), ends of
lines that are no line breaks, what can't be seen, and markup of rich."""
ODD: Final = "T-1\u200b\ufeff\u00ad\U000e0041[bold red]B[/][link=http://e]L[/link]"
"""What an id may hold of it."""
MARKUP: Final = "[bold red]B[/][link=http://e]L[/link]"
WHOLE: Final = SAID.replace("\U000e0041", "")
"""Without what JSON has to write in two halves, which YAML does not join."""
JOB: Final = "5f1c0a4b-failed"
IN_LINES: Final = SAID + "\r\nFORGED: all is well\n::error::FORGED"
"""With line breaks besides, where a text may have some."""
KEPT: Final = "\n\t\u00a0\u202f"
"""What may be printed though it is not printable: line breaks, tabs, and the blanks of French."""
ESCAPE: Final = re.compile(r"\\x1b\[2J|\\u001b\[2J|\\u001B\[2J")

NOT_RUN: Final = {
    "engine": "needs Kafka; what it prints are log lines: see test_logs.py",
    "sender": "likewise",
    "opt-out": "likewise; its pages: test_opt_out_page.py",
    "demo": "shows what it brings itself",
    "init": "likewise",
    "templates copy": "writes a shipped file, and says its name: test_templates_command.py",
    "settings": "shows what the program's own file says: test_settings_faults.py",
    "lag": "needs Kafka: test_printing.py, test_lag_tickets.py",
    "topics check": "needs Kafka, and shows its own names",
    "topics create": "likewise",
    "directory load": "needs Kafka: test_directory_plan.py",
    "directory check": "likewise, and test_foreign_directory.py",
    "history fill": "says numbers alone: test_history_commands.py",
    "history rebuild": "likewise, and a time",
    "token new": "shows what it makes itself",
    "intake seed": "needs exports: test_intake_seed.py",
    "intake serve": "needs Kafka; what it prints are log lines: see test_logs.py",
    "dlq pass-over": "needs Kafka, and shows its own words",
}
"""Commands that are not run here, and why."""

WITH_LINES: Final = {"dlq show", "preview"}
"""They end with a text as it is, line by line."""
SAYS_NOTHING: Final = {
    *("bounces read", "person forgotten"),
    # A name that could act can't be an account's, and is not repeated.
    *("console user add", "console user change", "console user invite", "console user disable", "console user enable"),
}
"""One shows kinds, codes and places, and no word of a mail; the other hashes, and no reason that names a person."""


def commands(of: typer.Typer = app, before: str = "") -> Iterator[str]:
    for one in of.registered_commands:
        assert one.callback is not None
        yield f"{before}{one.name or one.callback.__name__.replace('_', '-')}"
    for group in of.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, f"{before}{group.name or group.typer_instance.info.name} ")


class HostileInstallation:
    """Files and a data folder in which everything that others may word is hostile."""

    def __init__(self, root: Path) -> None:
        self.plain = write_directory(root / "plain", _plain_desk())
        self.directory = write_directory(root / "directory", _desk())
        (self.directory / f"{SAID[:20].replace('/', '')}.yaml").write_text(f"- kind: {json.dumps(SAID)}\n")
        (self.directory / "raw.yaml").write_text(f"- {{kind: site, id: S-9, name: {SAID}}}\n")
        ticket = {"title": IN_LINES, "external_description": IN_LINES, "status": ODD, "priority": ODD}
        events = [created(1, **ticket), created(2, **ticket, custom={ODD: IN_LINES}), created(3, contract=ODD)]
        events += [created(4, id=ODD), created(5, product=ODD, customer=ODD), created(6, status=SAID)]
        events += [{**created(7), "type": SAID, SAID: SAID}, {**created(8), "id": SAID}]
        self.events = write_events(root / "events.jsonl", events)
        self.good_events = write_events(root / "good.jsonl", events[:5])
        self.event = write_events(root / "event.json", events[:1])
        self.bad_event = write_events(root / "bad.json", events[5:6])
        quoted = json.dumps(WHOLE)
        bad = f"rules:\n  - rule: {quoted}\n    for: {quoted}\n    if: ticket.x == {quoted}\n    {quoted}: {quoted}\n"
        self.bad = write_rules(root / "bad", OWN + bad, "{{ ticket." + SAID + " }}\n")
        self.raw = write_rules(root / "raw", OWN + f"rules: [{SAID}]\n")
        keyword = f"send: {{keyword: {{en: {json.dumps(MARKUP)}}}}}"
        good = f"rules:\n  - {{rule: odd, for: contract.contacts, {keyword}}}\n"
        self.good = write_rules(root / "good", OWN + good, WHOLE + "{{ ticket.title }}\n")
        expected = {"alerted": [{"who": "contact/zoe", "trigger": "closed"}]}
        tests: dict[str, object] = {"given": {"contacts": {"zoe": {"attached_to": ["site"], "name": WHOLE}}}}
        tests |= {"tests": [{"test": WHOLE, "ticket": {"title": WHOLE}, "expect": expected}]}
        (self.good.parent / "rules.test.yaml").write_text(json.dumps(tests))
        self.post = root / "post.json"
        self.post.write_text(json.dumps({"id": ODD, "customer": SAID, "title": WHOLE, "status": SAID}))
        self.mapping = root / "desk.yaml"
        mapped = {name: f"$.{name}" for name in ("id", "customer", "title", "status")}
        self.mapping.write_text(json.dumps({"ticket": mapped | {"contract": {"look_up": ["customer"]}}}))
        self.bad_mapping = root / "bad.yaml"
        self.bad_mapping.write_text(json.dumps({"ticket": {"id": f"$.{SAID}", SAID: SAID}, SAID: SAID}))
        self.mail = root / "mail"
        self.mail.write_text(f"From: {SAID}@x.example\nSubject: {SAID}\n\n{IN_LINES}\n")
        self.data = _worked(root / "data")
        self.no_file = root / SAID[:9].replace("/", "")


def _plain_desk() -> Helpdesk:
    """One that can be read, whatever stands in its names."""
    desk = Helpdesk()
    for kind, record_id in [*desk.records]:
        desk.put({"kind": kind, "id": record_id, "name": IN_LINES, "note": IN_LINES})
    desk.contact("ct-1", "contract/C-7", "product/P-erp", name=IN_LINES, groups=[ODD])
    desk.contact(ODD, "contract/C-7", name=IN_LINES)
    return desk


def _desk() -> Helpdesk:
    desk = _plain_desk()
    desk.contact("ct-2", "contract/C-7", name=SAID, modes=[{"channel": "email", "address": SAID, "active": True}])
    desk.contact("ct-3", "contract/C-7", name=SAID, language=SAID, alerts=[SAID])
    desk.collaborator("co-1", "site/S-paris", name=IN_LINES, time_zone=SAID)
    desk.put({"kind": "customer", "id": "acme", "keyword": SAID, SAID: SAID, "tags": [SAID]})
    desk.put({"kind": SAID, "id": SAID})
    desk.put({"kind": "contact", "id": SAID, "name": SAID})
    return desk


def _worked(data: Path) -> Path:
    """A data folder with a failed job, its server's words, a pause, a suppression and a dead letter."""
    data.mkdir()
    now = datetime.now(UTC)
    record = Record(TICKETS, 0, 0, now, SAID.encode(), IN_LINES.encode(), ((SAID, SAID.encode()),))
    with closing(SqliteLog(database_in(data))) as log:
        log.append([dead_letter(record, Cause(SAID, SAID))], now)
    made = job(JOB, ODD, "zoe@acme.example", customer=ODD, ticket=ODD)
    context = replace(made.context, saved_at=now, ticket=replace(made.context.ticket, id=ODD, title=IN_LINES))
    made = replace(made, created=now, expires=now + timedelta(hours=72), context=context)
    with closing(SqliteOutcomePosts(database_in(data))) as posts:
        body = json.dumps({"said": WHOLE}).encode()
        posts.keep([NewPost("msg_1", ODD, SAID, ODD, IN_LINES, SAID, body)], (), hear, now)
        [one] = posts.take(ODD, now, 1, timedelta(minutes=1))
        posts.answered(one, IN_LINES, now, now + timedelta(hours=1))
        posts.disable(Disabled(ODD, SAID, now, IN_LINES))
    clock = FakeClock(now)
    refused = Reply(ReplyKind.REFUSED, 550, f"5.1.1 {IN_LINES}", Stage.RCPT, "5.1.1")
    with closing(SqliteLedger(database_in(data))) as ledger:
        ledger.accept([made], now)
        ledger.pause(Pause(f"{ODD}2", None, now, IN_LINES))
        clock.advance(timedelta(seconds=2))
        transport = FakeTransport(lambda _mail: refused)
        asyncio.run(Delivery(ledger, FakeComposer(), transport, clock, lambda: 0.5, gate=Gate(ledger)).drain())
    return data


def runs(program: HostileInstallation) -> dict[str, list[list[Any]]]:
    """For each command, the ways in which it is run, in this order."""
    d, data, person = ["-d", program.directory], ["--data", program.data], ["-p", "contact/ct-1"]
    preview = ["--rules", program.good, "-e", program.event, *d]
    up = [*data, "--from", "s@desk.example", "--smtp", "127.0.0.1:1", "--tls", "none", "--drain"]
    return {
        "emit": [[program.events, *data], [program.good_events, *data], [program.no_file, *data]],
        "up": [[*up, "--directory", program.directory], [*up, "--directory", program.plain]],
        "console user add": [[SAID, *data], ["zoe", "--role", "agent", "--customer", ODD, *data]],
        "console user list": [[*data], [*data, "--json"]],
        "console user change": [[SAID, *data], ["zoe", "--customer", ODD, *data]],
        "console user invite": [[SAID, *data], ["zoe", *data]],
        "console user disable": [[SAID, *data], ["zoe", *data]],
        "console user enable": [[SAID, *data], ["zoe", *data]],
        "console journal": [[*data], [*data, "--json"], [*data, "--who", ODD]],
        "validate": [[program.event], [program.event, *d], [program.bad_event], [program.no_file]],
        "decide": [
            [*d, program.events],
            [*d, "--rules", program.bad, program.events],
            [*d, program.no_file],
        ],
        "explain": [
            *(
                [*d, "--event", program.event, *more]
                for more in ([], ["--json"], ["--details"], ["--person", f"contact/{ODD}"])
            ),
            *([*d, "--event", program.event, "--rules", one] for one in (program.good, program.bad)),
            [*d, "--event", program.bad_event],
            [SAID, *data],
            [SAID],
            *(["T-1", *data, *d, *more] for more in ([], ["--json"], ["--details"], ["--person", SAID])),
        ],
        "derive": [["acme", *d], ["C-7", *d], ["C-7", *d, "--rules", program.good], [SAID, *d]],
        "check": [
            [program.raw],
            [program.good, *d, "--events", program.events],
            *([program.bad, "--format", form] for form in ("text", "json", "sarif", "github")),
        ],
        "test": [[program.good], [program.good, "-k", SAID], [program.bad]],
        "diff": [
            [program.good, DEFAULT_FILE, *d, "--events", program.good_events],
            [program.good, program.bad, *d, "--events", program.events],
        ],
        "match": [
            ["product-contacts", *d, "--events", program.events, *more]
            for more in ([], ["--json"], ["--rules", program.good])
        ]
        + [[SAID, *d, "--events", program.events]],
        "templates list": [[*d], [*d, "--json"], [*d, "--rules", program.good]],
        "coverage": [[*d], [*d, "--json"], [*d, program.good, "--events", program.events], [*d, program.bad]],
        "preview": [
            ["t", *preview, *person],
            ["t", *preview, *person, "--language", SAID],
            [SAID, *preview, *person],
            ["t", *preview, "-p", f"contact/{SAID}"],
        ],
        "schema": [["rules"], [SAID]],
        "intake try": [
            [program.mapping, program.post, "-H", f"X-Said: {ODD}"],
            [program.mapping, program.post, *d],
            [program.bad_mapping, program.post],
            [SAID, program.post],
        ],
        "intake check": [[program.bad_mapping], [program.mapping], [SAID]],
        "dlq list": [[*data], [*data, "--json"]],
        "dlq show": [["0:0", *data], [SAID, *data]],
        "dlq redrive": [["0:0", *data], [SAID, *data], ["--code", SAID, *data]],
        "jobs list": [[*data], [*data, "--json"], [*data, "--ticket", SAID]],
        "jobs show": [[JOB, *data], [JOB, *data, "--json"], [JOB, *data, "--text"], [SAID, *data]],
        "outcomes list": [[*data], [*data, "--json"], [*data, "--endpoint", SAID]],
        "outcomes show": [["msg_1", *data], [SAID, *data]],
        "outcomes endpoints": [[*data], [*data, "--json"]],
        "outcomes resend": [[SAID, *data], ["--endpoint", ODD, *data], ["--endpoint", ODD, "--yes", *data]],
        "outcomes enable": [[SAID, *data], [ODD, *data]],
        "pause": [["--customer", ODD, "--reason", IN_LINES, *data]],
        "pauses": [[*data]],
        "resume": [["--customer", f"{ODD}2", *data], ["--customer", SAID, *data]],
        "suppressions add": [["--person", f"contact/{ODD}", "--reason", IN_LINES, *data], ["--address", SAID, *data]],
        "suppressions list": [[*data], [*data, "--json"]],
        "suppressions lift": [[SAID, *data]],
        **{f"jobs {act}": [[SAID, *data], [JOB, *data]] for act in ("resend", "hold", "release", "cancel")},
        "bounces read": [[program.mail, "--program", "desk.example", *data], [program.no_file, *data]],
        "person export": [[f"contact/{ODD}", *data, *d], [SAID, *data]],
        "person forget": [
            [f"contact/{ODD}", "--reason", IN_LINES, *data, *d, *more]
            for more in ([], ["--yes"], ["--yes", "--address", SAID])
        ],
        "person forgotten": [[*data]],
        "directory show": [[f"contact/{name}", "--kafka", "localhost:1"] for name in ("ct-1", "ct-2", "ct-3", SAID)],
        "directory diff": [[program.directory, "--kafka", "localhost:1"]],
    }


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> HostileInstallation:
    return HostileInstallation(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def _topic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory's topic as a cluster would give it."""
    values = {
        "ct-1": IN_LINES.encode(),
        "ct-2": json.dumps({"kind": "contact", "id": "ct-2", "name": IN_LINES}).encode(),
    }
    values |= {"ct-3": b"\xff" + SAID.encode()}
    held = {
        key: HeldRecord(key, value, SAID, 0, number, 0)
        for number, (key, value) in enumerate((f"contact/{name}".encode(), one) for name, one in values.items())
    }
    monkeypatch.setattr("tocsin.cli.directory_show.held_records", lambda *_: held)


def acting(text: str) -> set[str]:
    """What would act on a terminal, or looks like a line of ours."""
    return {one for one in text if not one.isprintable() and one not in KEPT} | {
        line for line in text.splitlines() if line.startswith(("FORGED", "::error::FORGED"))
    }


def test_every_command_is_run_or_said_why_not(program: HostileInstallation) -> None:
    assert sorted([*runs(program), *NOT_RUN]) == sorted(commands())


@pytest.mark.usefixtures("_topic")
def test_nothing_that_others_wrote_acts(program: HostileInstallation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_OPT_OUT_SECRETS", "secret-of-the-tests")
    escaped: set[str] = set()
    for command, ways in runs(program).items():
        for way in ways:
            result = CliRunner().invoke(app, [*command.split(), *map(str, way)], catch_exceptions=False)
            for text in (result.stdout, result.stderr):
                # The value of a dead letter and the text of a message are the last that is shown, with their lines.
                lines = text if command not in WITH_LINES else text.replace("\nFORGED", "").replace("\n::error", "")
                assert acting(lines) == set(), (command, way)
                if ESCAPE.search(text) or MARKUP in text:
                    escaped.add(command)
            if "--json" in way or "json" in way or "sarif" in way:
                for line in result.stdout.splitlines() if "--json" in way else [result.stdout]:
                    json.loads(line)
    # The control: each had something to say of it.
    assert set(runs(program)) - escaped == SAYS_NOTHING
