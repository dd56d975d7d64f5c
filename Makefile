# Taskloom: `make run` and `make test` need nothing but Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check bench schema golden migrate clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(STAMP) ## Start the server with an embedded PostgreSQL and demo data (HOST, PORT, DATABASE_URL, DATA_DIR ...)
	@$(BIN)/python scripts/build_assets.py
	@TASKLOOM_DEMO=$${TASKLOOM_DEMO-1} exec $(BIN)/taskloom serve

test: $(DEV_STAMP) ## Run every test
	@$(BIN)/python scripts/build_assets.py
	@$(BIN)/python -m pytest -n auto --dist worksteal

test-fast: $(DEV_STAMP) ## Run the tests that start no browser and no server process
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not browser and not slow"

check: $(DEV_STAMP) ## Formatting, linters, types, layers, schema
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/taskloom schema --check schema.graphql

bench: $(DEV_STAMP) ## Run the benchmarks; each prints JSON
	@$(BIN)/python -m tests.benchmarks

schema: $(STAMP) ## Write schema.graphql
	$(BIN)/taskloom schema --output schema.graphql

golden: $(DEV_STAMP) ## Rewrite the golden files; review the difference
	$(BIN)/python -m tests.golden.charts.rewrite

migrate: $(STAMP) ## Bring the database up to date
	$(BIN)/taskloom migrate

clean: ## Remove what was installed and built, but no data
	rm -rf $(VENV) app/web/static/vendor build *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(PIP) -e '.[demo,redis]'
	@touch $@

$(DEV_STAMP): $(STAMP)
	@$(PIP) -e '.[demo,redis,dev]'
	@touch $@
