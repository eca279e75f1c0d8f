# Everything runs in a virtual environment of its own; nothing is installed elsewhere.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ENGINE ?= vllm==0.19.1
RELEASE ?= 0.6.7

# Releases of the library that contracts are held against; DRIFT=--known takes all that they know.
DRIFT ?= $(addprefix --release ,0.6.6 0.6.7.post3 0.6.12 0.7.2.post1)

.PHONY: demo test lint types layers unit drift test-real bench clean

# Findings are the point of the demonstration, so exit code 1 (findings) counts as success here.
demo: $(VENV)/.base
	@$(BIN)/contractlint check --package $(ENGINE) --release $(RELEASE) || test $$? -eq 1

test: lint types layers unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy contractlint tests bench

layers: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/python -m pytest

# The contracts still say what published releases do: downloads about 90 MB once, and fails on any difference.
drift: $(VENV)/.base
	$(BIN)/contractlint contracts validate
	$(BIN)/contractlint contracts drift $(DRIFT)

# On published engines: downloads about 160 MB once, and takes minutes.
test-real: $(VENV)/.dev
	CONTRACTLINT_REAL=1 $(BIN)/python -m pytest tests/real

bench: $(VENV)/.base
	$(BIN)/python -m bench.check $(ENGINE)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.base

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
