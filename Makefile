# GatheRing's commands; `make` alone lists them.

HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
VENV ?= .venv

BIN    := $(VENV)/bin
PYTHON := $(BIN)/python
PIP    := $(PYTHON) -m pip install -qq --disable-pip-version-check --no-input
# A stamp is newer than the requirements that were installed, so a second run installs nothing.
RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint format install install-dev clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) ## Serve a demo on HOST (127.0.0.1) and PORT (8000)
	@$(PYTHON) manage.py migrate --verbosity 0
	@$(PYTHON) manage.py demo --url http://$(HOST):$(PORT)
	@exec $(PYTHON) manage.py serve --host $(HOST) --port $(PORT)

test: lint ## Every check and every test; ARGS goes to pytest: make test ARGS="-k name"
	$(BIN)/pytest $(ARGS)

lint: $(DEV) ## Style, types, layers and missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PYTHON) manage.py makemigrations --check --dry-run

format: $(DEV) ## Rewrite the Python files in the project's style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

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

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installing what the tests need (once, a minute or so) ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@
