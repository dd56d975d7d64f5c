# Taskloom: `make run` and `make test` need nothing but Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(PYTHON) scripts/install.py
EXTRAS := demo redis

.DEFAULT_GOAL := help
.PHONY: installed installed-dev help run test test-fast check bench schema golden migrate clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: installed ## Start the server with an embedded PostgreSQL and demo data (HOST, PORT, DATABASE_URL, DATA_DIR ...)
	@$(BIN)/python scripts/build_assets.py
	@TASKLOOM_DEMO=$${TASKLOOM_DEMO-1} LOG_LEVEL=$${LOG_LEVEL-warning} exec $(BIN)/taskloom serve

test: installed-dev ## Run every test
	@$(BIN)/python scripts/build_assets.py
	@$(BIN)/python -m pytest -n auto --dist worksteal

test-fast: installed-dev ## Run the tests that start no browser and no server process
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not browser and not slow"

check: installed-dev ## Formatting, linters, types, layers, schema
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/taskloom schema --check schema.graphql

bench: installed-dev ## Run the benchmarks; each prints JSON
	@$(BIN)/python -m tests.benchmarks

schema: installed ## Write schema.graphql
	$(BIN)/taskloom schema --output schema.graphql

golden: installed-dev ## Rewrite the golden files; review the difference
	$(BIN)/python -m tests.golden.charts.rewrite

migrate: installed ## Bring the database up to date
	$(BIN)/taskloom migrate

clean: ## Remove what was installed and built, but no data
	rm -rf .venv app/web/static/vendor build *.egg-info .mypy_cache .ruff_cache .pytest_cache

installed:
	@$(INSTALL) $(EXTRAS)

installed-dev:
	@$(INSTALL) $(EXTRAS) dev
