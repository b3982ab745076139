# Two commands on a machine with Python 3.11 or newer, git and make: `make demo` and `make test`.
# Everything is set up in .venv and kept in this folder, but for the cache that pip has anyway.

VENV ?= .venv
PORT ?= 8700
DATA ?= ./data
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check
PACKAGE := $(PIP_INSTALL) --quiet --no-deps --no-build-isolation --editable .
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade \
	--generate-hashes --no-annotate --no-header --quiet
WORKERS ?= 4
# Without kept bytecode each worker would compile every test anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-long check format browser bench lock clean

help:  ## Say what can be made.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
		printf '  make %-10s %s\n' "$$name" "$$what"; done

demo: $(VENV)/.ready  ## A hub on port 8700 with a real model, a dataset and a small commons in it.
	@exec $(BIN)/python -m iriai demo --data $(DATA) --port $(PORT)

serve: $(VENV)/.ready  ## A hub on port 8700 with its data in ./data.
	@exec $(BIN)/python -m iriai serve --data $(DATA) --port $(PORT)

test: $(VENV)/.ready-dev  ## A seeded sample of every test, in about a quarter of an hour on 2 cores.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
		-m "not long and not browser" -p no:randomly -rs

test-long: $(VENV)/.ready-dev  ## Every test at full counts; goes on where it was interrupted.
	$(BIN)/python -m tests.long $(ONLY)

check: $(VENV)/.ready-dev  ## Style, types and architecture.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready-dev  ## Put the code into the project's layout.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

browser: $(VENV)/.ready-dev  ## The pages, in Chromium: by keyboard, at 320 px, with axe.
	$(BIN)/python -m pytest -m browser -p no:randomly -rs

bench: $(VENV)/.ready-dev  ## Side by side with nginx, git and others; prints a table.
	$(BIN)/python -m bench $(ONLY)

lock: $(VENV)/.ready-dev  ## Pin the newest versions the ranges of pyproject.toml allow, with hashes.
	$(PIP_INSTALL) --quiet uv
	$(LOCK) --extra client --extra counting --extra build --output-file requirements.lock
	$(LOCK) --all-extras --constraint requirements.lock --output-file requirements-dev.lock

clean:  ## Remove .venv and caches; ./data stays.
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis .long

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "iriai needs Python 3.11 or newer, and found none. Install it," \
		"or say where it is: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Setting up $(VENV) (once; a minute or two)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is not complete here." \
		"On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	$(PACKAGE)
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	$(PACKAGE)
	@touch $@ $(VENV)/.ready
