"""`tocsin bounces`: what came back from the mail system."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from adapters.mail_files.stored import StoredMail, piped_mail, stored_mails
from sender.bounces.mail_parts import MAX_READ
from sender.bounces.policy import Evidence, Finding, finding
from sender.bounces.reading import MailKind, read_mail
from sender.ledger.restrictions import Suppressions
from sender.proof import Proofs
from sender.suppressions.opt_out import OptOutTokens
from tocsin.cli.console import TRY_LATER, UNUSABLE, WRONG_SETTINGS, say_json, stop, warn
from tocsin.cli.failures import failures
from tocsin.cli.options import add_command
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.mail import INSTALLATION, MAIL_SECRETS, UNPROVEN_BOUNCES
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import open_ledger
from tocsin.config.wiring.signing import installation_secrets
from tocsin.printing.printable import printable

_PIPE: Final = "-"
_WORDS: Final = {
    MailKind.BOUNCE: "bounces",
    MailKind.COMPLAINT: "complaints",
    MailKind.AUTOMATIC: "automatic answers",
    MailKind.OPT_OUT: "opt-outs",
    MailKind.OTHER: "others",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    bounces = typer.Typer(help="Bounces, complaints, automatic answers and mails that opt out.", no_args_is_help=True)
    add_command(bounces, "bounces read", read)
    # With one command alone its name could be left out.
    bounces.callback()(lambda: None)
    app.add_typer(bounces, name="bounces")


def read(
    places: Annotated[
        list[str], typer.Argument(help="Files, folders, mbox files or Maildirs; - is one mail on standard input.")
    ],
    settings: Settings,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would follow, and change nothing.")] = False,
) -> None:
    """Tell what came back, a JSON line each, and suppress dead addresses, and people who opted out or complained.

    A bounce counts only where it proves by its Message-ID or its own address that it answers a message of this
    installation to the address that it is about, and where its codes say that the address is dead; a complaint where it
    proves the same. What is new in a Maildir is moved to its `cur` when it has been dealt with. The secrets are those
    of the senders: in the data folder, or from TOCSIN_MAIL_SECRETS or TOCSIN_MAIL_SECRETS_FILE.

    Exit code 75 asks a mail system that pipes a mail to do so again later.
    """
    settings = settings.either(LEDGER, DATA)
    ledger, data = settings[LEDGER], settings[DATA]
    with _asked_again(places):
        if data is not None and not database_in(data).is_file():
            stop(f"{settings.named(DATA)}: there is no ledger in {data}", UNUSABLE)
        secrets, unread = installation_secrets(settings, data), list[str]()
        with open_ledger(data, ledger) as opened:
            if not secrets:
                warn(f"there is no secret, so that nothing can be proven: give {MAIL_SECRETS.names}")
            unproven = settings.given(UNPROVEN_BOUNCES)
            evidence = Evidence(opened.find, opened.bundle, OptOutTokens(secrets), Proofs(secrets), unproven)
            installation = settings.given(INSTALLATION)
            mails = _mails(places, lambda error: unread.append(_named_file(error)))
            counts = Counter(_deal_with(mail, opened, installation, evidence, dry_run) for mail in mails)
    parts = [f"{counts[kind, True] + counts[kind, False]} {words}" for kind, words in _WORDS.items()]
    suppressed = sum(number for (_, has_record), number in counts.items() if has_record)
    warn(f"{', '.join(parts)}; {suppressed} {'would be suppressed' if dry_run else 'suppressed'}")
    if unread:
        stop(f"{len(unread)} files could not be read, the first one: {unread[0]}", UNUSABLE)


@contextmanager
def _asked_again(places: Sequence[str]) -> Iterator[None]:
    """What can be mended asks the mail system that pipes a mail to do so again."""
    try:
        with failures():
            yield
    except typer.Exit as ended:
        is_mendable = places == [_PIPE] and ended.exit_code in (UNUSABLE, WRONG_SETTINGS)
        raise typer.Exit(TRY_LATER) if is_mendable else ended from None


def _named_file(error: OSError) -> str:
    return printable(f"{error.filename}: {error.strerror or error}")


def _mails(places: Sequence[str], passed_over: Callable[[OSError], object]) -> Iterator[StoredMail]:
    for place in places:
        if place == _PIPE:
            yield piped_mail(sys.stdin.buffer, MAX_READ)
        else:
            yield from stored_mails(Path(place), MAX_READ, passed_over)


def _deal_with(
    mail: StoredMail, ledger: Suppressions, installation: str, evidence: Evidence, dry_run: bool
) -> tuple[MailKind, bool]:
    now = datetime.now(UTC)
    found = finding(read_mail(mail.content, installation), evidence, now)
    if not dry_run:
        ledger.suppress(found.records, now)
    say_json(_line(mail.place, found))
    if not dry_run:
        mail.done()
    return found.mail.kind, bool(found.records)


def _line(place: str, found: Finding) -> dict[str, Any]:
    """What is shown of one mail; what is not known is left out."""
    entry, fate = found.entry, found.fate
    known = {
        "file": place,
        "kind": found.mail.kind.value,
        "job": found.job,
        "source": None if entry is None else entry.job.source,
        "ticket": None if entry is None else entry.job.ticket,
        "thread": found.mail.thread,
        "feedback": found.mail.feedback,
        "action": None if fate is None else fate.action,
        "status": None if fate is None else fate.status,
        "said": None if fate is None else fate.said,
        "suppressed": [record.id for record in found.records],
        "why": found.why,
    }
    return {name: value for name, value in known.items() if value not in (None, "", [])}
