"""`tocsin templates`: which templates there are, where they come from, and one to start from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import typer

from adapters.files.directory_folder import load_directory
from adapters.jinja.sources import file_of, read_sources
from adapters.rule_files.load import load_rulebook, template_folders
from schemas.suggestion import nearest
from tocsin.authoring.templates_listed import Listed, files_of, listed
from tocsin.cli.console import FOUND_FAULTS, say, say_json, stop, told
from tocsin.cli.options import Form, add_command
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings
from tocsin.printing.tables import layout, table

MOST_USERS: Final = 4


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Templates of messages: those that ship, and your own beside the rule file.", no_args_is_help=True
    )
    rules = Form(RULES, ("-r",))
    customers = "List the customers too whose records name a template."
    add_command(group, "templates list", list_templates, rules, Form(DIRECTORY, ("-d",), meaning=customers))
    add_command(group, "templates copy", copy, rules)
    app.add_typer(group, name="templates")


def list_templates(
    settings: Settings,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List all templates and pieces: where each comes from, in which languages, and who uses it."""
    rules, directory = settings[RULES], settings[DIRECTORY]
    rulebook = load_rulebook(rules)
    sources = read_sources(*template_folders(rules))
    loaded = None if directory is None else load_directory(directory)
    if loaded is not None:
        told(loaded)
    found = [*listed(sources, rulebook, None if loaded is None else loaded.directory)]
    if json_lines:
        for one in found:
            say_json({"name": one.name, "from": one.origin, "languages": one.languages, "used_by": one.users})
        return
    columns = ("template or piece", "from", "languages", "used by")
    rows = ((one.name, one.origin, ", ".join(one.languages), _users(one)) for one in found)
    layout().print(table(f"Templates of {rules or 'the default rules'}", columns, rows))


def _users(one: Listed) -> str:
    shown = ", ".join(one.users[:MOST_USERS])
    return shown + (f" and {len(one.users) - MOST_USERS} more" if len(one.users) > MOST_USERS else "")


def copy(
    name: Annotated[str, typer.Argument(help="A template (external/opened) or a piece (_style.html.j2).")],
    settings: Settings,
    to: Annotated[
        str | None, typer.Option("--as", help="A name of its own for the copy; else it replaces the shipped one.")
    ] = None,
) -> None:
    """Copy a template's files into the folder `templates` beside the rule file, to be changed there.

    A file that is there already is not touched, and named; the exit code is 1 then.
    """
    rules = settings[RULES]
    if rules is None:
        raise typer.BadParameter("name the rule file beside which the copy is to lie", param_hint="--rules")
    sources = read_sources(*template_folders(rules))
    paths = files_of(sources, name)
    if not paths:
        stop(f"there is no template or piece {name!r}{nearest(name, _names(sources.texts))}", FOUND_FAULTS)
    copies = {rules.parent / "templates" / _renamed(path, name, to): sources.texts[path] for path in paths}
    there = [file for file in copies if file.exists()]
    if there:
        stop("\n".join(f"{file} is there already: delete it first, or copy --as NAME" for file in there), 1)
    for file, text in copies.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
        say(f"{file}")


def _renamed(path: str, name: str, to: str | None) -> str:
    if to is None:
        return path
    renamed = f"{to}{path.removeprefix(name)}"
    if file_of(renamed) is None:
        raise typer.BadParameter(
            f"{to!r} is no name of a template: write one such as external/urgent", param_hint="--as"
        )
    return renamed


def _names(paths: Iterable[str]) -> set[str]:
    return {path if file is None else file.template for path in paths for file in (file_of(path),)}
