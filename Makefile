# `make run` and `make test` set themselves up: all they need is Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# An environment works only where it was made, and as long as its Python is there: after a move it is made anew.
IS_HERE := $(shell test -x $(BIN)/python && test "$$(cat $(STAMP) 2>/dev/null)" = "$$(pwd -P)" && echo yes)
ifneq ($(IS_HERE),yes)
.PHONY: $(STAMP)
endif

.PHONY: run demo test lint types imports bench test-live test-kills wheel clean check

run: $(STAMP)
	$(BIN)/taximeter

demo: $(STAMP)
	$(BIN)/taximeter demo

# A part: make test TESTS=tests/unit/model
TESTS :=
test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist worksteal $(TESTS)

check: lint types imports

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

# Reading speed, what runs alongside an agent (watcher, hooks, status line), and how well task starts are found. Fails
# beyond a limit.
bench: $(STAMP)
	failed=0; for name in reading latency hooks boundaries; do $(BIN)/python -m tests.bench $$name || failed=1; echo; done; exit $$failed

# The real agents from npm against a server on this machine; what is missing skips a test with the reason.
test-live: $(STAMP)
	$(BIN)/python -m pytest tests/live -p no:cacheprovider -rs

# kill -9 of watcher, hook, background ingest and dashboard at 200 random moments each: about ten minutes.
test-kills: $(STAMP)
	TAXIMETER_KILL_MOMENTS=200 $(BIN)/python -m pytest tests/unit/watch/test_kills.py -s

wheel: $(STAMP)
	rm -rf dist
	if command -v uv >/dev/null; then uv build --quiet --wheel; else $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .; fi

# uv where it is installed (seconds), pip otherwise; both read the groups of pyproject.toml.
$(STAMP): pyproject.toml
	@echo "Setting up $(VENV), once: half a minute with pip, seconds with uv."
	@test "$(IS_HERE)" || rm -rf $(VENV)
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python "$(if $(filter file,$(origin PYTHON)),>=3.11,$(PYTHON))" $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --group dev --editable .; \
	elif ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  echo "$(PYTHON) is no Python 3.11 or newer; name one that is: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; \
	else \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" && \
	  $(BIN)/python -m pip install --quiet --group dev --editable .; \
	fi
	@pwd -P >$(STAMP)
	@echo "The command is $(BIN)/taximeter; source $(BIN)/activate puts it on your PATH."

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache
