# `make run` and `make test` are all that a new machine needs; `make check` is what has to pass.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

.PHONY: setup setup-dev setup-models setup-stores run chat test check lint format clean help

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup: $(READY)  ## prepare .venv for the bot

setup-dev: $(READY_DEV)  ## prepare .venv for tests and checks as well

setup-models: $(READY)  ## add torch and the model libraries (about 2.7 GB)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet -c constraints.txt -r requirements-models.txt

setup-stores: $(READY)  ## add Chroma and Qdrant, other stores of vectors than FAISS (about 350 MB)
	$(BIN)/python -m pip install --quiet -c constraints.txt -r requirements-stores.txt

run: $(READY)  ## start the bot and print the address of its chat page
	@$(BIN)/python -m bot run

chat: $(READY)  ## talk to the bot in this terminal
	@$(BIN)/python -m bot chat

test: $(READY_DEV)  ## run the tests
	$(BIN)/python -m pytest -q -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

check: $(READY_DEV) lint test  ## format, lint, types, import contracts, tests

lint: $(READY_DEV)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY_DEV)  ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove the virtual environment and caches; data/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(0 if ok else "Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.12 run")'
	@echo "Preparing $(VENV): this happens once and takes a minute or two."
	$(PYTHON) -m venv $(VENV)

$(READY): requirements.txt constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements.txt
	@touch $@

$(READY_DEV): requirements-dev.txt $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	@touch $@
