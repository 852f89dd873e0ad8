# `make` alone lists what there is to make. Works with GNU make 3.81 (macOS) and later.

.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# PYTHON=/path/to/python overrides the choice; by name alone is not enough, since a shim may exist and fail.
PYTHON ?=
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3.12 python3.11 python3)
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
HAS_VENV := import ensurepip, venv
HAS_HEADERS := import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))
IS_SYSTEM := import os, sys; sys.exit(not os.path.realpath(sys.executable).startswith("/usr/bin/"))
VERSION := import sys; print("python%d.%d" % sys.version_info[:2])

# Shell: sets $python to the first candidate that runs and fits, or says what is missing.
FIND_PYTHON = python=; \
	for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c '$(FITS)' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Tocsin needs Python 3.11 or 3.12; none of these is one that runs: $(CANDIDATES)" >&2; \
	    echo "Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	fi

.PHONY: help setup broker postfix prometheus validators demo test lint types contracts unit slow night format schemas lock clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

# ---------------------------------------------------------------- setup

setup: $(VENV)/.project ## make .venv with the tocsin command in it; does nothing when nothing changed

# The locked packages, from scratch: a package that left the lock leaves .venv as well.
# setuptools comes first, out of the same lock, since durable_rules is built with it.
$(VENV)/.locked: requirements.lock
	@$(FIND_PYTHON); \
	version=$$("$$python" -c '$(VERSION)'); missing=; packages=; \
	command -v "$${CC:-cc}" >/dev/null || { missing="$$missing, a C compiler"; packages="$$packages build-essential"; }; \
	"$$python" -c '$(HAS_HEADERS)' || { missing="$$missing, the headers of $$version"; packages="$$packages $$version-dev"; }; \
	"$$python" -c '$(HAS_VENV)' 2>/dev/null || { missing="$$missing, the venv module of $$version"; packages="$$packages $$version-venv"; }; \
	if [ -n "$$missing" ]; then \
	    echo "Missing: $${missing#, } (durable_rules is built from C source)."; \
	    case "$$packages" in *python*) "$$python" -c '$(IS_SYSTEM)' || packages=;; esac; \
	    if [ -z "$$packages" ] || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	        echo "Install that first. Debian, Ubuntu: apt-get install$${packages:- build-essential}; macOS: xcode-select --install;" >&2; \
	        echo "a Python of your own building has its headers and venv when it was installed whole." >&2; \
	        exit 1; \
	    fi; \
	    echo "Installing$$packages"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$packages || exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version); the first time takes a minute or two"; \
	"$$python" -m venv --clear $(VENV)
	@sed -n '/^setuptools==/,/# via/p' requirements.lock >$(VENV)/first.lock
	@$(PIP) install --require-hashes -r $(VENV)/first.lock
	@$(PIP) install --require-hashes --no-build-isolation --use-pep517 -r requirements.lock
	@touch $@

# The project itself, editable. `pip check` fails where pyproject.toml asks for what the lock does not hold.
$(VENV)/.project: $(VENV)/.locked pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check >$(VENV)/check.log || { cat $(VENV)/check.log; echo "pyproject.toml and requirements.lock disagree: make lock"; exit 1; }
	@touch $@

# The broker that the Kafka tests talk to, where no other is given or at hand (see tests/brokers/).
BROKER := .cache/kafka/.complete

broker: $(BROKER) ## fetch the Kafka broker of the tests; does nothing with KAFKA_BOOTSTRAP, a Docker engine, or when done

$(BROKER): tests/brokers/pom.xml
	@if [ -n "$$KAFKA_BOOTSTRAP" ] || docker info >/dev/null 2>&1; then exit 0; fi; \
	missing=; packages=; \
	java -version >/dev/null 2>&1 || { missing="$$missing, Java 17 or later"; packages="$$packages default-jre-headless"; }; \
	command -v mvn >/dev/null || { missing="$$missing, Maven"; packages="$$packages maven"; }; \
	if [ -n "$$missing" ]; then \
	    echo "Missing: $${missing#, } (the Kafka tests run a real broker)."; \
	    if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	        echo "Install that first (Debian, Ubuntu: apt-get install$$packages; macOS: brew install openjdk maven)," >&2; \
	        echo "or name a broker: KAFKA_BOOTSTRAP=HOST:PORT; or run the rest: make unit." >&2; \
	        exit 1; \
	    fi; \
	    echo "Installing$$packages"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$packages || exit 1; \
	fi; \
	echo "Fetching the Kafka broker of the tests into .cache/kafka (44 MB, once)"; \
	rm -rf .cache/kafka/jars && \
	mvn --quiet --batch-mode --file tests/brokers/pom.xml dependency:copy-dependencies \
	    -DincludeScope=runtime -DoutputDirectory="$(CURDIR)/.cache/kafka/jars" && \
	touch $@

# The mail relay of the tests (see tests/relays/). It is a system package, and starts as root alone; where it can't be
# had, those tests are skipped and say so. "No configuration": it is not to serve this machine.
POSTFIX := PATH="$$PATH:/usr/sbin" command -v postfix >/dev/null

postfix: ## install Postfix for the tests, where that can be done; does nothing when it is there
	@if $(POSTFIX) || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then exit 0; fi; \
	echo "Installing Postfix (the tests of delivery run a real relay)"; \
	echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections && \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postfix

# The Prometheus of the tests of alert rules (see tests/ops/ and tests/incident/). Its tool, promtool, comes with it.
# The Debian package starts a service of its own where systemd runs, on port 9090; the tests don't use that one.
prometheus: ## install Prometheus for the tests, where that can be done; does nothing when it is there
	@if command -v prometheus >/dev/null && command -v promtool >/dev/null && command -v amtool >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	    echo "Missing: prometheus, promtool or amtool (the tests of alert rules run them); without them those tests are skipped." >&2; \
	    echo "Debian, Ubuntu: apt-get install prometheus prometheus-alertmanager; macOS: brew install prometheus alertmanager" >&2; \
	    exit 0; \
	fi; \
	echo "Installing Prometheus (the tests of alert rules run it)"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus prometheus-alertmanager

# Validators of other languages, which the published schemas are tried on (see tests/validators/).
AJV := ajv@8.17.1 ajv-formats@3.0.1

validators: ## install validators of JSON Schema in JavaScript and Go, where npm and go are; does nothing when they are there
	@mkdir -p .cache/validators; \
	[ -d .cache/validators/node_modules/ajv-formats ] || ! command -v npm >/dev/null || \
	    npm install --silent --no-save --no-package-lock --prefix .cache/validators $(AJV) >/dev/null || \
	    echo "Ajv can't be had here: its test is skipped." >&2; \
	[ -x .cache/validators/gojsonschema ] || ! command -v go >/dev/null || \
	    (cd tests/validators/golang && go build -o "$(CURDIR)/.cache/validators/gojsonschema" .) || \
	    echo "The validator in Go can't be had here: its test is skipped." >&2

# ---------------------------------------------------------------- use

demo: setup ## see it work on made-up tickets
	@$(BIN)/tocsin demo

schemas: setup ## write anew what is made from the code: JSON Schemas, AsyncAPI document, three pages of docs/
	@$(BIN)/python -m schemas.generate
	@$(BIN)/python -m tocsin.checking.pages

# ---------------------------------------------------------------- checks

# Two processes. Tests that start a broker or a database come one by one after that: many of them measure times.
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile

test: setup broker postfix prometheus validators lint types contracts ## everything that CI runs: lint, types, import contracts, all tests
	$(BIN)/pytest -m "not slow and not kafka and not postgres" $(SIDE_BY_SIDE)
	$(BIN)/pytest -m "not slow and (kafka or postgres)"

lint: setup ## ruff: rules and formatting; whether what is made from the code is as the code says
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m tocsin.checking.pages --check

types: setup ## mypy, strict
	$(BIN)/mypy

contracts: setup ## import-linter: which part may know which
	$(BIN)/lint-imports

unit: setup ## the quick tests, without Kafka and PostgreSQL
	$(BIN)/pytest -m "not slow and not kafka and not postgres" $(SIDE_BY_SIDE)

slow: setup broker postfix prometheus ## the long fault runs
	$(BIN)/pytest -m slow

night: setup broker prometheus ## the production shape through an hour of quiet, load and faults, with a table of alerts
	$(BIN)/python -m tests.night

format: setup ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# ---------------------------------------------------------------- housekeeping

# Keeps the versions that still fit; `make lock LOCK_FLAGS=--upgrade` takes the newest of all.
lock: ## write requirements.lock anew from pyproject.toml (LOCK_FLAGS=--upgrade: newest versions)
	@$(FIND_PYTHON); "$$python" -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install 'uv>=0.9,<1'
	@.venv-lock/bin/uv pip compile pyproject.toml --extra tracing --group dev --group build --output-file requirements.lock \
	    --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url \
	    --custom-compile-command "make lock" --quiet $(LOCK_FLAGS)

clean: ## remove .venv, caches, builds and the demo's output
	rm -rf $(VENV) .venv-lock build dist demo-data .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
