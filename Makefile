# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help setup run test check e2e bench fmt

help:  ## List these targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-7s %s\n", $$1, $$2}'

setup: $(VENV)/.ready  ## Make .venv and install everything, locked by hash

$(VENV)/.ready: backend/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Vitrine needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=python3.12, say.")'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed: on Debian and Ubuntu, install the package python3-venv." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r backend/requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: setup  ## Start the dashboard; on an empty store run the example first. Prints the sign-in link
	$(BIN)/vitrine up --example

test: setup  ## Run all tests: unit, feature, habit and browser. Finds or installs a Chromium
	$(BIN)/python e2e/browser.py
	$(BIN)/pytest

check: setup  ## Lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

e2e: setup  ## Run the browser tests alone
	$(BIN)/python e2e/browser.py
	$(BIN)/pytest e2e

bench: setup  ## Measure the figures of docs/benchmarks.md and write them there
	$(BIN)/python e2e/browser.py
	$(BIN)/python -m tests.bench

fmt: setup  ## Format and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
