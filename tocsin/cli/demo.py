"""`tocsin demo`: the whole of it, on a small helpdesk."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.mailbox.mailbox import HOST, Mailbox
from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DECISIONS, TICKETS
from tocsin.cli.console import say
from tocsin.cli.options import add_command
from tocsin.config.settings.declared.mail import FAX, FROM, INSTALLATION, SMTP, SMTP_TLS
from tocsin.config.settings.reading import read_settings
from tocsin.config.settings.setting import Setting
from tocsin.config.wiring.mail import MailSettings
from tocsin.demo.show import decisions_in, next_steps, show_message, table_of
from tocsin.demo.stage import Stage, database_of, set_stage
from tocsin.logs import be_quiet
from tocsin.printing.tables import layout
from tocsin.services.embedded.data_folder import sole_owner
from tocsin.services.embedded.wiring import DirectoryFiles, Stored, embedded_service
from tocsin.services.monitoring.health_file import HealthFile


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "demo", demo)


def demo(
    data: Annotated[Path, typer.Option("--data", help="Folder for the demo; it is made anew.")] = Path("demo-data"),
) -> None:
    """Run a small helpdesk through engine and sender, with real SMTP into a built-in mailbox.

    It shows who was told what of each save, and one message as its reader sees it. Nothing leaves this machine. The
    folder holds all that it used, to change and try again: directory, rules, events, mails.
    """
    be_quiet()
    console = layout()
    started = time.monotonic()
    stage = set_stage(data, datetime.now(UTC))
    with sole_owner(stage.folder):
        asyncio.run(_run(stage))
        _show(console, stage, time.monotonic() - started)


async def _run(stage: Stage) -> None:
    """Append the saves as a platform would send them, then let engine and sender do all that there is to do."""
    async with Mailbox(stage.mails) as mailbox:
        told: dict[Setting[Any], str] = {
            SMTP: f"{HOST}:{mailbox.port}",
            SMTP_TLS: "none",
            FROM: "Tocsin demo <demo@desk.example>",
            INSTALLATION: "demo.desk.example",
            FAX: "{number}@fax.example",
        }
        # What the environment says is not for the demo: its mails stay on this machine.
        mail = MailSettings.of(read_settings(None, {}).settings.with_options(told))
        health = HealthFile(stage.folder)
        files = DirectoryFiles(stage.directory)
        async with embedded_service(Stored(database_of(stage)), files, stage.rules, mail, health) as service:
            log = SqliteLog(database_of(stage))
            log.append(
                (NewRecord(TICKETS, None, line) for line in stage.events.read_bytes().splitlines()), datetime.now(UTC)
            )
            log.close()
            await service.drain()


def _show(console: Console, stage: Stage, seconds: float) -> None:
    log = SqliteLog(database_of(stage))
    decisions = decisions_in(log.read(DECISIONS))
    letters = log.read(DEAD_LETTERS)
    log.close()
    mails = sorted(stage.mails.glob("*.eml"))
    console.print(table_of(decisions))
    say()
    by_email = [mail for mail in mails if "fax.example" not in mail.name]
    if by_email:
        show_message(console, by_email[len(by_email) // 2])
    jobs = sum(len(decision.jobs) for decision in decisions)
    say()
    say(f"{len(decisions)} saves decided, {jobs} jobs, {len(mails)} messages delivered, {len(letters)} dead letters,")
    say(f"in {seconds:.1f} seconds. The messages lie in {stage.mails}, as .eml files that any mail program opens.")
    say()
    say("Try next:")
    for line in next_steps(stage):
        say(f"  {line}")
