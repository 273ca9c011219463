# Everything a newcomer runs. Each target does its own set-up, says what it does and can be run again at any time.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help report test check setup setup-dev lock clean
.DEFAULT_GOAL := help

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/	/'

report: setup ## Build the full regional comparison into out/, as a Prefect flow on its embedded server
	@echo "building the report (flow build-report)"
	@$(BIN)/python -m flows.build_report

test: setup-dev ## Run the tests
	@$(BIN)/python -m pytest --cov --cov-report=term

check: setup-dev ## Run the linters, the type checker and the import contracts
	@$(BIN)/ruff check flows reports sources tests
	@$(BIN)/ruff format --check flows reports sources tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# The locks hold every package, so nothing is resolved here (--no-deps): what they name is what is installed.
setup: .venv/set-up ## Install what running needs: system libraries, .venv, locked dependencies

setup-dev: .venv/set-up-dev

# A stamp is older than a changed lock file and younger than an unchanged one: set-up runs when it must.
.venv/set-up: requirements.lock pyproject.toml
	@.ci/system-libraries $(PYTHON)
	@test -x $(BIN)/python || { echo "making .venv"; $(PYTHON) -m venv .venv; }
	@echo "installing the locked dependencies"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q flows reports sources
	@touch $@

.venv/set-up-dev: requirements-dev.lock .venv/set-up
	@echo "installing the locked development tools"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

lock: setup-dev ## Remake the lock files from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 pyproject.toml --group runtime-build --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 pyproject.toml --group runtime-build --group dev --output-file requirements-dev.lock

clean: ## Remove what set-up and builds made
	rm -rf .venv .policydiff out build *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
