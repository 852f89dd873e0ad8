# `make` alone lists what there is to make. Works with GNU make 3.81 (macOS) and later.

.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# PYTHON=/path/to/python overrides the choice (see scripts/python.sh).
export PYTHON ?=

.PHONY: help setup broker postfix prometheus browser validators demo test lint types contracts unit slow night format schemas lock clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

# ---------------------------------------------------------------- setup

setup: $(VENV)/.project ## make .venv with the tocsin command in it; does nothing when nothing changed

# The locked packages, from scratch: a package that left the lock leaves .venv as well.
$(VENV)/.locked: requirements.lock
	@scripts/setup.sh $(VENV)
	@touch $@

# The project itself, editable. `pip check` fails where pyproject.toml asks for what the lock does not hold.
$(VENV)/.project: $(VENV)/.locked pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check >$(VENV)/check.log || { cat $(VENV)/check.log; echo "pyproject.toml and requirements.lock disagree: make lock"; exit 1; }
	@touch $@

# What the tests run beside the program; each does nothing when it is there, or can't be had (see scripts/test-services.sh).
broker: ## fetch the Kafka broker of the tests; does nothing with KAFKA_BOOTSTRAP or a Docker engine
postfix: ## install Postfix for the tests
prometheus: ## install Prometheus for the tests of alert rules
browser: ## install Chromium for the tests of pages
validators: ## install validators of JSON Schema and SDKs of CloudEvents in JavaScript and Go, where npm and go are
broker postfix prometheus browser validators:
	@scripts/test-services.sh $@

# ---------------------------------------------------------------- use

demo: setup ## see it work on made-up tickets
	@$(BIN)/tocsin demo

schemas: setup ## write anew what is made from the code: JSON Schemas, AsyncAPI document, three pages of docs/
	@$(BIN)/python -m schemas.generate
	@$(BIN)/python -m tocsin.reference.pages

# ---------------------------------------------------------------- checks

# Three processes for two cores, since tests wait more than they work. A file's tests stay together. In `make test`, those that start a broker
# or a database come after the quick ones, which leave no core idle, and those that measure times (`alone`) one by one.
SIDE_BY_SIDE := --numprocesses 3 --dist loadfile

test: setup broker postfix prometheus browser validators lint types contracts ## everything that CI runs: lint, types, import contracts, all tests
	$(BIN)/pytest -m "not slow and not kafka and not postgres" $(SIDE_BY_SIDE)
	$(BIN)/pytest -m "not slow and not alone and (kafka or postgres)" $(SIDE_BY_SIDE)
	$(BIN)/pytest -m "not slow and alone"

lint: setup ## ruff: rules and formatting; whether what is made from the code is as the code says
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m tocsin.reference.pages --check

types: setup ## mypy, strict
	$(BIN)/mypy

contracts: setup ## import-linter: which part may know which
	$(BIN)/lint-imports

unit: setup ## the quick tests, without Kafka and PostgreSQL
	$(BIN)/pytest -m "not slow and not kafka and not postgres" $(SIDE_BY_SIDE)

slow: setup broker postfix prometheus ## the long fault runs
	$(BIN)/pytest -m slow $(SIDE_BY_SIDE)

night: setup broker prometheus ## the production shape through an hour of quiet, load and faults, with a table of alerts
	$(BIN)/python -m tests.night

format: setup ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# ---------------------------------------------------------------- housekeeping

# Keeps the versions that still fit; `make lock LOCK_FLAGS=--upgrade` takes the newest of all.
lock: ## write requirements.lock anew from pyproject.toml (LOCK_FLAGS=--upgrade: newest versions)
	@source scripts/python.sh; find_python; "$$python" -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install 'uv>=0.9,<1'
	@.venv-lock/bin/uv pip compile pyproject.toml --extra tracing --group dev --group build --output-file requirements.lock \
	    --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url \
	    --custom-compile-command "make lock" --quiet $(LOCK_FLAGS)

clean: ## remove .venv, caches, builds and the demo's output
	rm -rf $(VENV) .venv-lock build dist demo-data .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
