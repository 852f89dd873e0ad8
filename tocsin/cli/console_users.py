"""`tocsin console`: the people of the console, and who did what."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from console.people.accounts import Listed
from console.people.administration import Administration, Link
from console.people.journal import Kept, Search
from console.people.ports import PeopleStore
from console.people.roles import ALLOWED, Role
from tocsin.cli.console import UNUSABLE, say, say_json, stop, warn
from tocsin.cli.options import add_command
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.console import CONSOLE_URL
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.people import open_people
from tocsin.operations.jobs.outlook import time

NameArgument = Annotated[str, typer.Argument(help="The account's name: letters, digits, blanks and . @ + - _ '.")]
RoleOption = Annotated[list[Role] | None, typer.Option("--role", help="What they may; may be repeated.")]
CustomerOption = Annotated[
    list[str] | None, typer.Option("--customer", help="The id of a customer; may be repeated. Else: all customers.")
]


def register(app: typer.Typer) -> None:
    """Add the commands. They work while the console runs."""
    group = typer.Typer(help="The people of the console: docs/console.md.", no_args_is_help=True)
    user = typer.Typer(help="Accounts: who may sign in, and what they may.", no_args_is_help=True)
    for name, command in (
        ("add", add),
        ("list", list_users),
        ("change", change),
        ("invite", invite),
        ("disable", disable),
        ("enable", enable),
    ):
        add_command(user, f"console user {name}", command)
    group.add_typer(user, name="user")
    add_command(group, "console journal", journal)
    app.add_typer(group, name="console")


def add(settings: Settings, name: NameArgument, role: RoleOption = None, customer: CustomerOption = None) -> None:
    """Add an account, and print a link by which its person chooses a password, once, within two days."""
    with _people(settings) as people:
        _told(settings, _by_us(people).add(name, role or (), customer or (), datetime.now(UTC)))


def list_users(
    settings: Settings, as_json: Annotated[bool, typer.Option("--json", help="One JSON object an account.")] = False
) -> None:
    """List the accounts: name, roles, customers, and whether they can sign in."""
    with _people(settings) as people:
        found = people.accounts()
    for one in found:
        if as_json:
            say_json(_object(one))
        else:
            shown = _object(one)
            customers = "all customers" if shown["customers"] is None else ", ".join(shown["customers"])
            say(f"{shown['name']}  {', '.join(shown['roles'])}  {customers}  {shown['state']}")
    warn(f"{len(found)} accounts; roles: {', '.join(ALLOWED)}")


def change(
    settings: Settings,
    name: NameArgument,
    role: RoleOption = None,
    customer: CustomerOption = None,
    all_customers: Annotated[bool, typer.Option("--all-customers", help="They may see every customer again.")] = False,
) -> None:
    """Give an account other roles, or other customers, in the place of those that it had."""
    if customer and all_customers:
        raise typer.BadParameter("either --customer or --all-customers")
    customers = () if all_customers else customer or None
    with _people(settings) as people:
        account = _by_us(people).change(name, role or None, customers, datetime.now(UTC))
    say(f"{account.name}: {', '.join(sorted(account.roles))}")


def invite(settings: Settings, name: NameArgument) -> None:
    """Print a link by which somebody chooses another password, once, within two days; earlier links end."""
    with _people(settings) as people:
        _told(settings, _by_us(people).invite(name, datetime.now(UTC)))


def disable(settings: Settings, name: NameArgument) -> None:
    """Let nobody sign in by this account; whoever is signed in is signed out."""
    with _people(settings) as people:
        _by_us(people).close(name, datetime.now(UTC))
    say(f"{name}: disabled, and signed out everywhere")


def enable(settings: Settings, name: NameArgument) -> None:
    """Let the person sign in again, with the password that they had."""
    with _people(settings) as people:
        _by_us(people).open(name, datetime.now(UTC))
    say(f"{name}: enabled")


def journal(
    settings: Settings,
    who: Annotated[str | None, typer.Option("--who", help="Whose actions: a name.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an action.")] = False,
) -> None:
    """Who did what in the console, the latest first."""
    with _people(settings) as people:
        found = people.entries(Search(who=who), limit)
    for kept in found:
        if as_json:
            say_json(kept.entry)
        else:
            say(_line(kept))
    warn(f"{len(found)} actions" + (", perhaps more: --limit" if len(found) == limit else ""))


@contextmanager
def _people(settings: Settings) -> Iterator[PeopleStore]:
    settings = settings.either(LEDGER, DATA)
    url, data = settings[LEDGER], settings[DATA]
    if data is not None and not database_in(data).is_file():
        stop(f"{settings.named(DATA)}: there is no console in {data}: start tocsin up", UNUSABLE)
    with open_people(data, url) as people:
        yield people


def _by_us(people: PeopleStore) -> Administration:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "?"
    return Administration(people, f"command line ({user})")


def _told(settings: Settings, link: Link) -> None:
    say((settings[CONSOLE_URL] or "").rstrip("/") + link.path)
    warn(f"give it to them: it works once, until {time(link.until)}")


def _object(one: Listed) -> dict[str, Any]:
    account = one.account
    has_password = "can sign in" if account.password else "invited"
    return {
        "name": account.name,
        "roles": sorted(account.roles),
        "customers": None if account.customers is None else sorted(account.customers),
        "state": "disabled" if account.disabled else has_password,
        "added": one.added,
    }


def _line(kept: Kept) -> str:
    entry = kept.entry
    more = "  ".join(one for one in (entry.subject, entry.detail, entry.client) if one)
    return f"{time(entry.at)}  {entry.who}  {entry.action}" + (f"  {more}" if more else "")
