# Everyday commands. `make` alone lists them.
#
# Steps that install something leave a stamp and are done again only when the file
# they depend on changes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
# Processes that share the tests.
WORKERS := 2

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(VENV)/.runtime static/vendor/.installed ## set everything up and serve on http://127.0.0.1:8000 (PORT=… for another)
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/prepare_instance.sh
	@PATH="$(CURDIR)/$(BIN):$$PATH" exec scripts/serve.sh $(PORT)

.PHONY: test
test: $(VENV)/.tools static/vendor/.installed system-packages check ## install what the tests need, then run all checks and all tests
	$(BIN)/pytest -n $(WORKERS)

.PHONY: check
check: $(VENV)/.tools ## format, lint, types, import contracts, templates; no tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml market wsgi.py
	$(BIN)/python scripts/check_requirements.py

.PHONY: nightly
nightly: $(VENV)/.tools system-packages ## play long random histories and recount every figure from the tables
	$(BIN)/pytest -n $(WORKERS) --hypothesis-profile=nightly tests/services/test_coverage_history.py

.PHONY: bench
bench: $(VENV)/.tools static/vendor/.installed ## measure, side by side in one run
	@for script in $(sort $(wildcard benchmarks/bench_*.py)); do $(BIN)/python "$$script"; done

.PHONY: lock
lock: ## compile the .in files and package.json into the lock files
	scripts/lock.sh

.PHONY: clean
clean: ## remove what was installed or cached; keeps instance/
	rm -rf $(VENV) node_modules static/vendor build .*_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: system-packages
system-packages:
	scripts/install_system_packages.sh tests

$(VENV)/.runtime: requirements.txt scripts/make_environment.sh
	scripts/make_environment.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/.tools: requirements-dev.txt $(VENV)/.runtime scripts/install_system_packages.sh
	scripts/install_system_packages.sh build
	scripts/make_environment.sh $(VENV) requirements.txt requirements-dev.txt
	@touch $@

static/vendor/.installed: package.json package-lock.json scripts/install_assets.sh $(VENV)/.runtime
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/install_assets.sh
	@touch $@
