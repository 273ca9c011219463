# Everything a newcomer runs. Each target does its own set-up, says what it does and can be run again at any time.

BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml --group setup

# The interpreter to set up with, if not the first fitting python3: make PYTHON=python3.12
export PYTHON

.PHONY: help report test check gallery setup setup-dev lock clean
.DEFAULT_GOAL := help

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

report: setup ## Build the full regional comparison into out/, as a Prefect flow on its embedded server
	@echo "building the report (flow build-report)"
	@$(BIN)/python -m flows.build_report

test: setup-dev ## Run the tests with branch coverage
	@$(BIN)/python -m pytest -rs -n auto --maxprocesses 4 --dist loadgroup --cov --cov-report=term

check: setup-dev ## Run the linters, the type checker, the import contracts and the check of the locks
	@$(BIN)/ruff check flows reports sources tests
	@$(BIN)/ruff format --check flows reports sources tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/uv pip check --python $(BIN)/python

gallery: setup-dev ## Draw one page of each kind of report into docs/gallery/; numbers only if some were gathered
	@$(BIN)/python docs/gallery/make.py

setup: .venv/set-up ## Install what running needs: system libraries, .venv, locked packages, the command policydiff

setup-dev: .venv/set-up-dev ## Install what changing it needs: all that, and the development tools

# The stamps make a second run cost nothing. The interpreter is among what they depend on: if it vanished or was renewed,
# set-up runs again.
.venv/set-up: requirements.lock pyproject.toml .ci/set-up $(BIN)/python
	@sh .ci/set-up requirements.lock
	@touch $@

.venv/set-up-dev: requirements-dev.lock .venv/set-up
	@sh .ci/set-up requirements-dev.lock
	@touch $@

$(BIN)/python: ;

lock: setup ## Remake the lock files from pyproject.toml; with UPGRADE=1 take newer versions too
	@$(LOCK) --output-file requirements.lock
	@$(LOCK) --group dev --constraint requirements.lock --output-file requirements-dev.lock
	@! grep -nE '^-|://' requirements.lock requirements-dev.lock

clean: ## Remove what set-up, tests and builds made
	rm -rf .venv .policydiff out build *.egg-info .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
