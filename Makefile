# Every target sets up what it needs: a clone, git, make and Python 3.11-3.14 are enough (Node 20+ with npm for CDK).
PYTHON ?= $(shell for p in python3.13 python3.12 python3.14 python3.11 python3; do command -v $$p >/dev/null && \
  $$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
PY := $(VENV)/bin/python
TRAINING_VENV := .venv-training
TRAINING_PY := $(TRAINING_VENV)/bin/python
BENCH_VENV := .venv-bench
BENCH_PY := $(BENCH_VENV)/bin/python
HOST ?= 127.0.0.1
PORT ?= 8000
TORCH_INDEX ?=
PIP_QUIET := --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test test-training lint readme lock clean bench bench-guard

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

run: $(VENV)/.runtime  ## serve the API on http://127.0.0.1:8000 with the model in the repository
	$(PY) -m uvicorn lambda_fn.api:app --host $(HOST) --port $(PORT) --no-access-log

test: $(VENV)/.dev  ## run the tests (all but training's and the image's)
	$(PY) -m pytest --ignore tests/training -m "not image" $(ARGS)

test-training: $(TRAINING_VENV)/.ready  ## run the tests of the training steps (installs PyTorch)
	$(TRAINING_PY) -m pytest tests/training $(ARGS)

lint: $(VENV)/.dev  ## check style
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

bench: $(BENCH_VENV)/.ready  ## compare with the predecessor and the peers (installs PyTorch; COMMENTS=file of real comments)
	$(BENCH_PY) -m scripts.benchmark $(if $(COMMENTS),--comments $(COMMENTS)) $(ARGS)

bench-guard: $(VENV)/.dev  ## fail if the encoder is over 15 % slower, against its bare products, than committed
	$(PY) -m scripts.benchmark.guard $(ARGS)

readme: $(VENV)/.dev  ## run README's commands again and put their output into it
	$(VENV)/bin/cog -r -I . README.md

lock:  ## pin the dependencies again (needs uv)
	scripts/lock.sh --upgrade

clean:  ## remove what the targets above created
	rm -rf $(VENV) $(TRAINING_VENV) $(BENCH_VENV) cdk.out build node_modules .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11-3.14 with venv on PATH. Install one (Debian: apt-get install python3 python3-venv) or pass PYTHON=/path/to/python." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# What the image installs, exactly: hashes checked, nothing beyond the list.
$(VENV)/.runtime: lambda_fn/requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install $(PIP_QUIET) --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@

$(VENV)/.dev: requirements.txt $(VENV)/.runtime
	$(PY) -m pip install $(PIP_QUIET) -r $<
	@touch $@

$(TRAINING_VENV)/.ready: training/requirements.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11-3.14 with venv on PATH; pass PYTHON=/path/to/python." >&2; exit 1; }
	$(PYTHON) -m venv $(TRAINING_VENV)
	$(TRAINING_PY) -m pip install $(PIP_QUIET) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX) torch==2.13.0 &&  $(TRAINING_PY) -m pip install $(PIP_QUIET)) -r $<
	@touch $@

$(BENCH_VENV)/.ready: requirements.txt scripts/benchmark/requirements.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11-3.14 with venv on PATH; pass PYTHON=/path/to/python." >&2; exit 1; }
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_PY) -m pip install $(PIP_QUIET) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX) torch==2.13.0 &&  $(BENCH_PY) -m pip install $(PIP_QUIET)) -r requirements.txt -r scripts/benchmark/requirements.txt
	@touch $@
