# Needed beforehand: make, and Python 3.11 or later. `setup` makes .venv; every other target calls it.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CONTRACT := $(wildcard protos/*.py protos/groundswell/v1/*.proto)
ARGS ?=
# A file of tests stays in one process: its tests share what is dear to set up.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup proto demo serve test test-slow test-million lint format bench simulate docs clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/installed .venv/generated ## Make .venv with Groundswell and everything for its development
	@:

.venv/installed: pyproject.toml constraints.txt hatch_build.py
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; name it with make PYTHON=..." >&2; exit 1; }
	@echo "Installing into .venv; once, and a minute or two where uv can't be had"
	@$(PYTHON) -m venv .venv
	@$(PIP) --constraint constraints.txt uv 2>/dev/null || true
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt --editable '.[dev]' 2>/dev/null \
		|| $(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

# Compiled ahead, because a server starts half as fast where Python must not or cannot write what it compiles.
.venv/generated: .venv/installed $(CONTRACT)
	@$(BIN)/python protos/generate.py
	@$(BIN)/python -m compileall -q storage server client
	@touch $@

proto: setup ## Generate stubs and clients from the contract
	@$(BIN)/python protos/generate.py

demo: setup ## See the suite learn from 500 real posts
	@$(BIN)/groundswell demo $(ARGS)

serve: setup ## Serve on this machine
	@$(BIN)/groundswell serve $(ARGS)

test: setup ## Run the tests, on SQLite and PostgreSQL
	@$(PYTEST) $(ARGS)

test-slow: setup ## Run the tests that take long
	@$(PYTEST) -m slow $(ARGS)

test-million: setup ## Kill server and sender in the middle of a million events, on both databases
	@$(PYTEST) -m million $(ARGS)

lint: setup ## Check style, types and the contract
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy -p groundswell -p groundswell_server -p groundswell_storage
	@$(BIN)/mypy protos hatch_build.py tests/contract/typed_calls.py tests/bench tests/simulate
	@$(BIN)/python protos/check.py

format: setup ## Bring the code into the style that lint wants
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: setup ## Measure, each row beside its yardstick
	@$(BIN)/python -m tests.bench $(ARGS)

simulate: setup ## Simulate experiments: do the tests keep their promises?
	@$(BIN)/python -m tests.simulate $(ARGS)

docs: setup ## Build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict $(ARGS)
	@echo "site/index.html is the way in"

clean: ## Remove what the targets made
	rm -rf groundswell-demo .venv .tools build dist site client/buf client/groundswell/v1 .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
