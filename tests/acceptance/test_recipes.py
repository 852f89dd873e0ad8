"""The recipes work: each page's rules pass their tests, through the rule engine and through the plain evaluator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.rule_files.load import load_rulebook
from tests.support.documents.pages import FENCE
from tocsin.authoring.rule_tests.running import faults_of_tests
from tocsin.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
_BLOCK = re.compile(rf"<!-- (\S+) of (\S+) -->\n{FENCE}\w+\n(.*?){FENCE}\n", re.DOTALL)
_FILES = {"rules": "mine.yaml", "tests": "mine.test.yaml"}


def _recipes() -> dict[str, dict[str, str]]:
    """The files of each recipe by its name on the page."""
    found: dict[str, dict[str, str]] = {}
    for what, recipe, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        found.setdefault(recipe, {})[_FILES.get(what, what)] = text
    return found


RECIPES = _recipes()


def written(recipe: str, folder: Path) -> Path:
    """The rule file of a recipe, with all that stands beside it."""
    for name, text in RECIPES[recipe].items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / "mine.yaml"


def test_every_block_of_the_page_belongs_to_a_recipe_with_rules_and_tests() -> None:
    assert len(RECIPES) == 7
    assert all({"mine.yaml", "mine.test.yaml"} <= files.keys() for files in RECIPES.values())
    assert PAGE.read_text(encoding="utf-8").count(FENCE) == 2 * sum(len(files) for files in RECIPES.values())


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_has_no_fault_and_passes_its_tests_through_the_rule_engine(recipe: str, tmp_path: Path) -> None:
    rules = written(recipe, tmp_path)
    checked, tested = (CliRunner().invoke(app, [command, str(rules)]) for command in ("check", "test"))
    assert checked.exit_code == 0, checked.output
    assert "all passed" in tested.output


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_plain_evaluator_agrees(recipe: str, tmp_path: Path) -> None:
    rules = written(recipe, tmp_path)
    assert faults_of_tests(rules, load_rulebook(rules)) == []


@pytest.mark.parametrize("recipe", RECIPES)
def test_control_without_its_rules_a_recipes_tests_fail(recipe: str, tmp_path: Path) -> None:
    rules = written(recipe, tmp_path)
    rules.write_text("extends: default\nrules: []\n", encoding="utf-8")
    assert faults_of_tests(rules, load_rulebook(rules))
