# `make` lists what can be done. Needs Python 3.11 or 3.12 and nothing else.

PYTHON ?= python3
UV ?= uv
PORT ?= 3000
SITE_PORT ?= 3001
MLFLOW_PORT ?= 5000

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

# The settings of a program of Dagster's: make reads no .env itself, `airwatch` and this do, with one reader.
WITH_SETTINGS := $(BIN)/python -m airwatch_dagster.commands.with_settings
# Besides telemetry itself (off in dagster.yaml) this stops the empty folders that its uploader makes.
export DAGSTER_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true

# Dagster's notices of beta features, silenced in its own processes; `airwatch` and pytest silence them themselves.
BETA_NOTICES := ignore:Parameter `backfill_policy`,ignore:Parameter `allow_nonexistent_upstream_partitions`,ignore:Specifying a partitions_def on an AssetCheckSpec

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup compiled demo dev mlflow secrets image-digests test test-all lint check docs bench format sbom lock dictionary clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: compiled ## Install AirWatch into .venv, every package pinned and hash-checked

demo: setup ## Run the whole pipeline on practice air, then say where to look
	$(BIN)/airwatch demo

dev: setup ## Open the Dagster UI and its daemon on http://127.0.0.1:3000 (PORT=…), the bulletin on 3001 (SITE_PORT=…)
	@# The database is made once, before two processes race for it.
	@$(WITH_SETTINGS) dagster instance migrate >/dev/null
	@echo "Dagster UI: http://127.0.0.1:$(PORT)   (Ctrl-C stops it, its daemon and the pages)"
	@# Dagster recommends a tool (dg) that the lock does not hold, and marks features as beta that tests pin here.
	@# Links lead to this UI and to these pages unless AIRWATCH_UI_URL and AIRWATCH_SITE_URL name others.
	@$(BIN)/airwatch serve-site --port $(SITE_PORT) & trap "kill $$! 2>/dev/null" EXIT INT TERM; \
	export DAGSTER_WEBSERVER_URL="$${DAGSTER_WEBSERVER_URL:-http://127.0.0.1:$(PORT)}"; \
	export DEV_SITE_URL="http://127.0.0.1:$(SITE_PORT)"; \
	PYTHONWARNINGS='ignore:Function `dev_command` is superseded,$(BETA_NOTICES)' $(WITH_SETTINGS) dagster dev --workspace "$(CURDIR)/workspace.yaml" --host 127.0.0.1 --port $(PORT)

mlflow: setup ## Open MLflow's UI on http://127.0.0.1:5000 (MLFLOW_PORT=…)
	@# Without the consumers of jobs, which AirWatch does not have: they take 2 GB.
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false exec $(BIN)/python -m airwatch_dagster.orchestration.registry.mlflow_ui $(MLFLOW_PORT)

secrets: ## Make the passwords of the compose stack and its web login (LOGIN=… adds a person's)
	@$(PYTHON) deploy/make_secrets.py $(if $(LOGIN),--login $(LOGIN))

image-digests: ## Pin the images of the compose stack and the Dockerfile by digest (needs Docker and its registries)
	@$(PYTHON) deploy/pin_images.py

# Two workers share two cores: more threads of linear algebra would only compete with them.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --durations 10

test: .venv/dev.stamp compiled ## Run the tests, except those that are slow by nature
	@echo "Running the tests that are not marked slow: two to three minutes on two cores. \`make test-all\` runs every test."
	@$(PYTEST) -m "not slow"

test-all: .venv/dev.stamp compiled ## Run every test, with more random examples, and require 95 % coverage
	@echo "Running every test with coverage: ten to twenty minutes on two cores. The slow ones kill processes and use real servers."
	@$(PYTEST) --hypothesis-profile thorough --cov --cov-report term

lint: .venv/dev.stamp ## Check format, style, types, import directions and line ends (.pre-commit-config.yaml)
	$(BIN)/pre-commit run --all-files

check: lint test ## Lint and test: what must hold before a commit

docs: .venv/dev.stamp ## Build the documentation into site/; a broken link is an error
	@# The reference pages import the code location; MkDocs would print each notice about beta features.
	PYTHONWARNINGS=ignore NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: .venv/dev.stamp ## Measure AirWatch beside its peers, in CPU seconds: benchmarks/RESULTS.md
	@echo "Some minutes; the questions and commands of all benchmarks are in benchmarks/README.md."
	@OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m benchmarks.results

format: .venv/dev.stamp ## Format the code and fix what can be fixed safely
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

sbom: setup ## List every package and its licence: build/sbom.cdx.json (CycloneDX) and build/licences.csv
	$(BIN)/python deploy/bill_of_materials.py requirements.txt build/sbom.cdx.json build/licences.csv

lock: ## Pin the dependencies of pyproject.toml again, with hashes (needs uv)
	$(LOCK) pyproject.toml --extra postgres --extra build -o requirements.txt
	$(LOCK) pyproject.toml --extra postgres --extra k8s --extra build -c requirements.txt -o requirements-k8s.txt
	$(LOCK) pyproject.toml --all-extras -c requirements.txt -o requirements-dev.txt

dictionary: setup ## Write the data dictionary from the schemas
	$(BIN)/python -m airwatch_dagster.schemas.dictionary

clean: ## Remove .venv and caches; data and state stay
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache htmlcov .coverage site *.egg-info catboost_info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "make: '$(PYTHON)' is not a command here. AirWatch needs Python 3.11 or 3.12: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 13)))' || { \
		echo "make: '$(PYTHON)' is $$($(PYTHON) --version). AirWatch needs Python 3.11 or 3.12: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv --clear .venv

# The lock is complete, so pip resolves nothing: --no-deps, then a check that nothing is missing.
.venv/runtime.stamp: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing $$(grep -c '==' requirements.txt) pinned packages; this takes a minute or two."
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(PIP) check
	@touch $@

# pip does not compile what is installed in place, and with PYTHONDONTWRITEBYTECODE every process would do so again.
compiled: .venv/runtime.stamp
	@$(BIN)/python -m compileall -q airwatch_dagster

.venv/dev.stamp: requirements-dev.txt .venv/runtime.stamp
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.txt
	$(PIP) check
	@touch $@
