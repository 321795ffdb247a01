# `make help` lists the targets. Each works on a machine with Python >= 3.11, make and the network.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check check-c acceptance soak check-all bench docs docs-serve spec clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml gdproto/_generated/codec.c
	@echo "== making $(VENV) and installing gdproto with its development tools"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(VENV)/installed  ## search the standard library's documentation through an arbiter
	@echo "== examples/demo.py"
	@$(BIN)/python examples/demo.py

test: $(VENV)/installed  ## install and run every test
	@echo "== tests"
	$(BIN)/pytest

check: $(VENV)/installed  ## lint, types, import contracts, generated files
	@echo "== ruff"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@echo "== mypy --strict"
	$(BIN)/mypy
	@echo "== import contracts"
	$(BIN)/lint-imports
	@echo "== generated files"
	$(BIN)/python -m spec.codegen --check
	$(BIN)/python -m gdproto.conformance.make_values --check

check-c: $(VENV)/installed  ## the codec's tests on a C codec that watches its memory
	@echo "== AddressSanitizer and UndefinedBehaviorSanitizer"
	$(BIN)/python -m tests.gdproto.sanitize

acceptance: $(VENV)/installed  ## the situations that a service must survive, in full, against their bars
	@$(BIN)/python -m tests.acceptance

soak: $(VENV)/installed  ## calls, streams, stash, kills and reloads together for two minutes, and a balance
	@$(BIN)/python -m tests.acceptance.soak

check-all: check test check-c acceptance soak  ## everything, a quarter of an hour

bench: $(VENV)/installed  ## measure codec and runtime against gunicorn, about two minutes
	$(BIN)/python -m benchmarks

docs: $(VENV)/installed  ## build the site into site/; a broken link or anchor fails
	$(BIN)/mkdocs build --strict

docs-serve: $(VENV)/installed  ## show the site, and what you change in it, at localhost:8000
	$(BIN)/mkdocs serve

spec: $(VENV)/installed  ## write the generated files from spec/
	$(BIN)/python -m spec.codegen --write
	$(BIN)/python -m gdproto.conformance.make_values --write

clean:  ## remove what the targets made
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
