"""`tocsin derive`: the rules that a contract's ticks put in force."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from adapters.files.directory_folder import load_directory
from adapters.rule_files.load import load_rulebook
from engine.directory.records import Contract
from engine.rulebook.rulebook import LocalText, Rule, Ruleset
from schemas.vocabulary import Category, Channel, Trigger
from tocsin.cli.console import say, told
from tocsin.cli.named_records import contract_named
from tocsin.cli.options import Form, add_command
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "derive", derive, Form(RULES, ("-r",)), Form(DIRECTORY, ("-d",)))


def derive(
    contract: Annotated[str, typer.Argument(help="The contract's id, its reference, or its client.")],
    settings: Settings,
) -> None:
    """Show exactly the rules that run for a contract, and the ticks that put them in force.

    Contracts with the same ticks share one derived ruleset, which is named by its ticks.
    """
    rulebook = load_rulebook(settings[RULES])
    loaded = load_directory(settings.given(DIRECTORY))
    told(loaded)
    found = contract_named(contract, loaded.directory)
    for line in _lines(found, rulebook.derive(found.ticks), settings[RULES]):
        say(line)


def _lines(contract: Contract, ruleset: Ruleset, rules: Path | None) -> list[str]:
    on = [category.value for category in Category if category.bit & contract.ticks]
    off = [category.value for category in Category if not category.bit & contract.ticks]
    lines = [
        f"Contract {contract.id}: ruleset {ruleset.ticks:010b}, from {rules or 'the default rules'}",
        f"  ticked: {', '.join(on) or 'nothing'}",
        f"  not ticked: {', '.join(off) or 'nothing'}",
    ]
    if not (contract.is_commitment and contract.alerts_enabled and contract.is_active):
        lines.append(
            "  these rules do not run: the contract must be of type commitment, active, and have alerts enabled"
        )
    lines.append("Rules in force:" if ruleset.rules else "No rule is in force.")
    return lines + [line for rule in ruleset.rules for line in _rule(rule)]


def _keyword(given: LocalText | None) -> str | None:
    if isinstance(given, Mapping):
        return ", ".join(f"{text} in {language}" for language, text in given.items())
    return given


def _rule(rule: Rule) -> list[str]:
    triggers = ", ".join(trigger for trigger in Trigger if trigger in rule.triggers)
    channels = ", ".join(channel for channel in Channel if channel in rule.channels)
    lines = [f"  {rule.name}: put in force by the tick {rule.category}, on {triggers}, by {channels}"]
    if rule.text is not None:
        lines.append(f"      if {rule.text}")
    if rule.instead_of is not None:
        lines.append(f"      instead of {rule.instead_of}, where both match")
    others = [(f"template of {channel}", template) for channel, template in (rule.templates or {}).items()]
    form = (("template", rule.template), *others, ("keyword", _keyword(rule.keyword)), ("format", rule.format))
    if rule.digest is not None:
        lines.append(f"      in a digest, {rule.digest.said}, where no other rule sends it sooner")
    if rule.quiet is not None:
        lines.append(f"      quiet outside {rule.quiet}, where no other rule sends it sooner")
    if rule.languages is not None:
        lines.append(f"      in {', '.join(rule.languages)}, all in one message, where no rule before it names others")
    given = [f"{name} {value}" for name, value in form if value is not None]
    return [*lines, f"      {', '.join(given)}"] if given else lines
