"""What follows from the declaration of settings agrees with it: options, page, example, schema."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from jsonschema import Draft202012Validator
from msgspec import Struct
from typer.core import TyperCommand
from typer.main import get_command
from typer.testing import CliRunner

from tests.support.settings.environments import mail_by
from tests.support.settings.values import in_toml, sample
from tocsin.cli.app import app
from tocsin.cli.options import Form, add_command, option, without
from tocsin.cli.settled import SettledCommand
from tocsin.config.settings.commands import SERVICES
from tocsin.config.settings.declared import SETTINGS, used_by
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.mail import FROM, SMTP_TLS
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.example import PLACEHOLDER, example
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.reading import read_settings
from tocsin.config.settings.schema import settings_schema
from tocsin.config.settings.setting import Setting
from tocsin.config.settings.variables import SETTINGS_FILE
from tocsin.config.wiring.mail import MailSettings

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
BY_VARIABLE = {setting.variable: setting for setting in SETTINGS}
ROOT: Any = get_command(app)


def commands(of: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in of.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


COMMANDS = list(commands(ROOT))
OPTIONS = [
    (words, command, parameter) for words, command in COMMANDS for parameter in command.params if parameter.envvar
]
each_option = pytest.mark.parametrize(
    ("words", "command", "parameter"), OPTIONS, ids=[f"{' '.join(words)} {one.opts[0]}" for words, _, one in OPTIONS]
)


def test_every_option_with_a_variable_is_declared_and_every_declared_option_is_there() -> None:
    found = {(words[0], parameter.envvar, option_of(parameter)) for words, _, parameter in OPTIONS}
    declared = {(name, one.variable, one.option) for one in SETTINGS if one.option for name in one.used_by}
    # The groups of engine and sender are options of them alone; `lag` has another --group.
    assert declared - found == {
        ("lag", "TOCSIN_ENGINE_GROUP", "--group"),
        ("lag", "TOCSIN_SENDER_GROUP", "--group"),
    }
    assert found <= declared
    assert [one.envvar for one in ROOT.params if one.envvar] == [SETTINGS_FILE]


BESIDE_SETTINGS = {
    # The folder of the demo is made anew: that must never be the one of an installation.
    ("demo", "--data"),
    # Any group on any topic; what engine and sender have by the settings is asked where none is named.
    ("lag", "--group"),
}


def test_whoever_has_the_option_of_a_setting_gets_it_from_the_settings() -> None:
    assert set(beside_settings(ROOT)) == BESIDE_SETTINGS


def test_a_command_that_has_such_an_option_for_itself_is_found() -> None:
    """The control."""
    made_up = typer.Typer()
    made_up.callback()(lambda: None)

    @made_up.command("kept", cls=SettledCommand)
    def _kept(kafka: Annotated[str | None, option(KAFKA)] = None) -> None: ...

    @made_up.command("other-variable", cls=SettledCommand)
    def _other_variable(data: Annotated[str, typer.Option("--data", envvar="TOCSIN_FOLDER")] = "") -> None: ...

    @made_up.command("plain", cls=SettledCommand)
    def _plain(rules: Annotated[str, typer.Option("--rules", "-r")] = "", prefix: str = "") -> None: ...

    @made_up.command("unsettled")
    def _unsettled(ledger: Annotated[str | None, option(LEDGER)] = None) -> None: ...

    @made_up.command("argument", cls=SettledCommand)
    def _argument(rules: Annotated[str, typer.Argument()] = "") -> None: ...

    assert set(beside_settings(get_command(made_up))) == {
        ("kept", "--kafka"),  # by its declaration no command of this name uses it
        ("other-variable", "--data"),
        ("plain", "--rules"),
        ("plain", "--prefix"),
        ("unsettled", "--ledger"),
        ("argument", "--rules"),
    }


def beside_settings(of: Any) -> Iterator[tuple[str, str]]:
    """Commands that have the option of a setting, or an argument in its place, and do not get it from the settings."""
    by_option = {name: [one for one in SETTINGS if one.option == name] for name in {one.option for one in SETTINGS}}
    for words, command in commands(of):
        for parameter in command.params:
            name = option_of(parameter)
            settings = [one for one in by_option.get(name, ()) if parameter.envvar == one.variable]
            is_settled = isinstance(command, SettledCommand) and any(words[0] in one.used_by for one in settings)
            if name in by_option and not is_settled:
                yield words[0], name


def option_of(parameter: Any) -> str:
    """Its option; of an argument, the option that it stands in for, as far as there is one."""
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    of_variable = BY_VARIABLE.get(str(parameter.envvar))
    return f"--{parameter.name}" if of_variable is None else str(of_variable.option)


def test_keys_and_variables_are_there_once() -> None:
    keys = [key for setting in SETTINGS for key in setting.keys]
    variables = [name for setting in SETTINGS for name in setting.variables]
    assert len(set(keys)) == len(keys)
    assert len(set(variables)) == len(variables)


def test_only_commands_that_exist_use_settings_and_services_are_among_them() -> None:
    names = {name for setting in SETTINGS for name in (*setting.used_by, *setting.needed_by)}
    assert names <= {words[0] for words, _ in COMMANDS}
    assert set(SERVICES) <= names
    assert all(set(setting.needed_by) <= set(setting.used_by) for setting in SETTINGS)


@each_option
def test_an_option_has_the_default_of_its_setting(words: tuple[str, ...], command: Any, parameter: Any) -> None:
    setting = BY_VARIABLE[parameter.envvar]
    default = parameter.default or None
    if setting.default:
        assert default == setting.default
    elif words != ("sender",) or setting.key != "process.instance":
        assert default is None


@each_option
def test_a_command_gets_the_strongest_of_its_sources(
    words: tuple[str, ...], command: Any, parameter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = BY_VARIABLE[parameter.envvar]
    texts = [sample(setting, number, tmp_path) for number in range(3)]
    file = tmp_path / "tocsin.toml"
    root = ROOT.make_context("tocsin", ["--settings", str(file), words[0]])
    parent = root if len(words) == 1 else type(root)(ROOT.commands[words[0]], info_name=words[0], parent=root)
    for by_option, variable, in_file in product((False, True), repeat=3):
        file.write_text(in_toml(setting, texts[2]) if in_file else "")
        monkeypatch.setenv(setting.variable, texts[1] if variable else "")
        given = arguments(parameter, texts[0]) if by_option else []
        context = command.make_context(words[-1], given, parent=parent, resilient_parsing=True)
        present = [text for text, is_there in zip(texts, (by_option, variable, in_file), strict=True) if is_there]
        expected = setting.kind.parse(present[0]) if present else parameter.default
        assert plain(context.params[parameter.name]) == plain(expected), present
        assert (str(context.obj.origin(setting)) == "default") is not bool(present)


def test_an_option_takes_a_word_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    root = ROOT.make_context("tocsin", ["up"])
    for arguments, variable in ((["--storm-end", "WAIT"], ""), ([], "Wait")):
        monkeypatch.setenv("TOCSIN_STORM_END", variable)
        context = ROOT.commands["up"].make_context("up", arguments, parent=root, resilient_parsing=True)
        assert context.params["storm_end"] == "wait"


@pytest.mark.parametrize("tls", ["STARTTLS", "Implicit"])
def test_the_relay_takes_its_word_in_any_case(tls: str) -> None:
    assert mail_by("desk.example:25", {"TOCSIN_SMTP_TLS": tls}).relay.tls == tls.lower()
    by_option = read_settings(None, {}).settings.with_options({SMTP_TLS: tls, FROM: "support@desk.example"})
    assert MailSettings.of(by_option).relay.tls == tls.lower()


def test_a_command_that_is_not_settled_takes_nothing_from_the_file(tmp_path: Path) -> None:
    """The control: without SettledCommand the test above fails."""
    file = tmp_path / "tocsin.toml"
    file.write_text("[storm]\nlimit = 7\n")
    root = ROOT.make_context("tocsin", ["--settings", str(file), "up"])
    limits = [
        make(ROOT.commands["up"], "up", [], parent=root, resilient_parsing=True).params["storm_limit"]
        for make in (SettledCommand.make_context, TyperCommand.make_context)
    ]
    assert limits == [7, 30]


def plain(value: Any) -> Any:
    """What a list and a tuple, or no list and an empty one, have in common."""
    return (tuple(value) or None) if isinstance(value, list | tuple) else value


def arguments(parameter: Any, text: str) -> list[str]:
    name = parameter.opts[0]
    if parameter.param_type_name == "argument":
        return [text]
    if parameter.secondary_opts:
        return [name if text == "on" else parameter.secondary_opts[0]]
    return [part for word in (text.split() if parameter.multiple else [text]) for part in (name, word)]


def test_the_page_lists_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` .*?\| `(TOCSIN_\w+)`", PAGE, re.MULTILINE)
    assert rows == [(one.keys[0].partition(".")[2], one.variable) for one in SETTINGS]


def test_the_example_of_the_page_can_be_used() -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    Draft202012Validator(json.loads(settings_schema())).validate(tomllib.loads(shown))


def test_the_example_sets_nothing_and_has_every_key(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text(example())
    assert not read_settings(file, {}).faults
    defaults = "\n".join(
        line.removeprefix("#")
        for line in example().splitlines()
        if line.startswith("[") or (re.match(r"#\w+ = ", line) and not line.endswith(PLACEHOLDER))
    )
    file.write_text(defaults)
    settings = read_settings(file, {}).checked()
    assert [one.key for one in SETTINGS if one.default is not None] == [
        one.key for one in SETTINGS if settings.origin(one).source == "file"
    ]
    assert all(settings[one] == one.default for one in SETTINGS)
    named = re.findall(r"^(?:\[(\w+)\]|#(\w+) = )", example(), re.MULTILINE)
    assert sum(1 for _, key in named if key) == len(SETTINGS)


def test_the_schema_takes_what_the_file_takes(tmp_path: Path) -> None:
    validator = Draft202012Validator(json.loads(settings_schema()))
    Draft202012Validator.check_schema(validator.schema)
    for setting in SETTINGS:
        if setting.key in setting.keys:
            validator.validate(tomllib.loads(in_toml(setting, sample(setting, 0, tmp_path))))
    refused: list[dict[str, dict[str, str]]] = [
        {"kafka": {"broker": "a:1"}},
        {"kafak": {}},
        {"storm": {"limit": "ten"}},
        {"mail": {"password": "x"}},
    ]
    for wrong in refused:
        assert not validator.is_valid(wrong), wrong


def test_a_service_uses_what_it_needs() -> None:
    needs: dict[str, list[str]] = {name: [one.key for one in needed(name)] for name in SERVICES}
    assert needs == {
        "engine": ["kafka.brokers", "process.instance"],
        "sender": ["kafka.brokers", "process.data", "mail.from"],
        "up": ["process.data", "directory.path", "mail.from"],
        "opt-out": ["opt_out.listen"],
        "intake": [],  # by its first word: `intake serve` asks for more, see test_intake_service.py
    }


def needed(command: str) -> list[Setting[Any]]:
    return [setting for setting in used_by(command) if command in setting.needed_by]


def test_options_of_settings_are_made_in_one_place() -> None:
    """No command writes one itself. The settings file alone has a variable, and is no setting."""
    folder = Path(__file__).parents[2] / "tocsin" / "cli"
    writers = {file.name for file in folder.glob("*.py") if "envvar=" in file.read_text(encoding="utf-8")}
    assert writers == {"options.py", "app.py"}


class Shown(Struct, frozen=True):
    """Options that several commands share."""

    limit: Annotated[int, typer.Option("--limit")] = 5
    text: Annotated[bool, typer.Option("--text")] = False


def test_a_command_has_the_options_of_its_declaration_and_shared_ones_and_gets_one_object_of_each() -> None:
    made_up, seen = typer.Typer(), []

    def listed(settings: Settings, shown: Annotated[Shown, without("text")]) -> None:
        seen.append((settings.given(KAFKA), settings.origin(KAFKA).name, shown))

    made_up.callback()(lambda: None)
    add_command(made_up, "topics", listed, Form(KAFKA, ("-k",)))
    command: Any = get_command(made_up)
    options = {name for parameter in command.commands["topics"].params for name in parameter.opts}
    assert options == {"--kafka", "-k", "--prefix", "--limit"}
    assert CliRunner().invoke(made_up, ["topics", "-k", "a:1", "--limit", "7"]).exit_code == 0
    assert seen == [("a:1", "--kafka", Shown(limit=7))]
    # It is required, as `topics` needs it by its declaration.
    assert CliRunner().invoke(made_up, ["topics"], env={"TOCSIN_KAFKA": ""}).exit_code == 2


def test_of_two_that_exclude_each_other_the_command_line_decides_else_the_first() -> None:
    both = read_settings(None, {"TOCSIN_KAFKA": "a:1", "TOCSIN_LEDGER": "postgresql://h/d"}).checked()
    named = both.with_options({LEDGER: "postgresql://h/e"})
    assert (both.either(KAFKA, LEDGER)[KAFKA], both.either(KAFKA, LEDGER)[LEDGER]) == ("a:1", None)
    assert (named.either(KAFKA, LEDGER)[KAFKA], named.either(KAFKA, LEDGER)[LEDGER]) == (None, "postgresql://h/e")
    each = named.with_options({KAFKA: "b:1"})
    assert each.either(KAFKA, LEDGER) is each
