# Everything runs in a virtual environment of its own; nothing is installed elsewhere.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ENGINE ?= vllm==0.19.1
RELEASE ?= 0.6.7

# Releases of the library that contracts are held against; DRIFT=--known takes all that they know.
DRIFT ?= $(addprefix --release ,0.6.6 0.6.7.post3 0.6.12 0.7.2.post1)

.PHONY: test-runtime test-device bench-runtime bench-device demo test lint types layers unit drift test-real bench clean

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

# TORCH_OPTIONS can name an index with CPU builds of torch. With CPU torch and real releases of FlashInfer, in an environment of their own: downloads about 1 GB once.
RUNTIME := .venv-runtime
test-runtime: $(RUNTIME)/.ready
	CONTRACTLINT_FLASHINFER=$(RUNTIME)/flashinfer $(RUNTIME)/bin/python -m pytest -n auto tests/clauses tests/runtime tests/trace tests/testing

bench-runtime: $(RUNTIME)/.ready
	PYTHONPATH=$(RUNTIME)/flashinfer/0.6.7:$(RUNTIME)/flashinfer/deps $(RUNTIME)/bin/python -m bench.runtime

# On a machine with an NVIDIA GPU, in the environment that has torch, FlashInfer and pytest: compiles kernels, takes minutes.
DEVICE_PYTHON ?= python3
test-device:
	$(DEVICE_PYTHON) -m pytest tests/device -rA

bench-device:
	FLASHINFER_USE_CUDA_NORM=1 $(DEVICE_PYTHON) -m bench.device

FLASHINFER_RELEASES := 0.6.7 0.6.8 0.7.2.post1
FLASHINFER_NEEDS := apache-tvm-ffi packaging nvidia-ml-py requests urllib3 idna certifi charset-normalizer tqdm numpy
TORCH_OPTIONS ?=

$(RUNTIME)/.ready: pyproject.toml
	$(PYTHON) -m venv $(RUNTIME)
	$(RUNTIME)/bin/python -m pip install --quiet --editable '.[dev]' beartype jaxtyping
	$(RUNTIME)/bin/python -m pip install --quiet $(TORCH_OPTIONS) torch==2.13.0
	$(RUNTIME)/bin/python -m pip install --quiet --no-deps --target $(RUNTIME)/flashinfer/deps $(FLASHINFER_NEEDS)
	for release in $(FLASHINFER_RELEASES); do \
		$(RUNTIME)/bin/python -m pip install --quiet --no-deps --no-compile --target $(RUNTIME)/flashinfer/$$release \
			flashinfer-python==$$release || exit 1; done
	@touch $@

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
