# `make run` and `make test` set themselves up: all they need is Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: run test lint types imports bench test-live wheel clean check

run: $(STAMP)
	$(BIN)/taximeter

test: $(STAMP)
	$(BIN)/python -m pytest

check: lint types imports

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m tests.bench

test-live: $(STAMP)
	$(BIN)/python -m pytest tests/live -p no:cacheprovider

wheel: $(STAMP)
	rm -rf dist
	if command -v uv >/dev/null; then uv build --quiet --wheel; else $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .; fi

# uv where it is installed (seconds), pip otherwise; both read the groups of pyproject.toml.
$(STAMP): pyproject.toml
	if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --group dev --editable .; \
	else \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" && \
	  $(BIN)/python -m pip install --quiet --group dev --editable .; \
	fi
	touch $(STAMP)

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache
