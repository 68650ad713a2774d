# Every target sets up what it needs: a clone, git, make and Python 3.11-3.14 are enough (Node 22 or 24 with npm for CDK).
PYTHON ?= $(shell for p in python3.13 python3.12 python3.14 python3.11 python3; do command -v $$p >/dev/null && \
  $$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
PY := $(VENV)/bin/python
TRAINING_VENV := .venv-training
TRAINING_PY := $(TRAINING_VENV)/bin/python
BENCH_VENV := .venv-bench
SPARK := crypto_sentiment/spark
SPARK_VENV := .venv-spark
SPARK_35_VENV := .venv-spark-35
BENCH_PY := $(BENCH_VENV)/bin/python
# The artifact in other people's libraries, of which two need two versions of transformers.
HUGGING_FACE := tests/hugging_face
# Other people's clients, which call the running service.
CLIENTS := scripts/clients
CLIENTS_VENV := .venv-clients
CLIENTS_READY := $(CLIENTS)/node_modules/.ready $(CLIENTS_VENV)/.ready
TRANSFORMERS_VENV := .venv-transformers
OPTIMUM_VENV := .venv-optimum
HOST ?= 127.0.0.1
PORT ?= 8000
TORCH_INDEX ?=
# Tests that take the model's graph apart: `onnx` is in training's environment, not in the service's.
NEEDS_ONNX := tests/scripts/test_variants.py
# What the benchmark relies on in its peers is tested where they are installed, before it runs.
NEEDS_PEERS := tests/libraries/test_openvino.py
# Test files at a time: most of them wait for a service, a browser or a queue for half of their time.
AT_A_TIME ?= 2
# Caches that libraries keep under HOME otherwise (CDK keeps its fingerprints of assets there and cannot be told).
export MPLCONFIGDIR ?= $(CURDIR)/build/cache/matplotlib
export JSII_RUNTIME_PACKAGE_CACHE_ROOT ?= $(CURDIR)/build/cache/jsii
export CDK_HOME ?= $(CURDIR)/build/cache/cdk
# uv installs in seconds what pip installs in minutes; where none is on PATH, a pinned one goes into the environment.
PIP_QUIET := --quiet --disable-pip-version-check
UV = $(shell command -v uv || echo $(VENV)/bin/uv)

.DEFAULT_GOAL := help
.PHONY: help run test test-slow test-training test-hugging-face test-image test-spark model data cost cost-docs measure \
  simulate lint readme mood-picture synth deploy publish lock clean bench bench-guard spark-environment readme-check \
  package-check

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

run: $(VENV)/.ready  ## serve the API on http://127.0.0.1:8000 with the model in the repository
	$(VENV)/bin/crypto-sentiment serve --host $(HOST) --port $(PORT)

test: $(VENV)/.ready node_modules/.ready $(CLIENTS_READY)  ## run the tests (all but training's, Spark's, other libraries', the image's and the slow ones)
	$(PY) -m pytest --ignore tests/training --ignore $(HUGGING_FACE) --ignore tests/spark $(NEEDS_ONNX:%=--ignore %) $(NEEDS_PEERS:%=--ignore %) -m "not image and not slow" -n $(AT_A_TIME) --dist loadfile $(ARGS)

test-slow: $(VENV)/.ready node_modules/.ready  ## run the tests that take minutes: 10,000 requests from 64 clients
	$(PY) -m pytest -s --ignore tests/training --ignore $(HUGGING_FACE) --ignore tests/spark $(NEEDS_ONNX:%=--ignore %) $(NEEDS_PEERS:%=--ignore %) -m "slow and not image" $(ARGS)

test-training: $(TRAINING_VENV)/.ready  ## run the tests of the training steps and of the graph (installs PyTorch); ARGS="-m slow" for arm64's
	$(TRAINING_PY) -m pytest tests/training $(NEEDS_ONNX) -m "not slow" $(ARGS)

test-hugging-face: $(TRANSFORMERS_VENV)/.ready $(OPTIMUM_VENV)/.ready $(HUGGING_FACE)/node_modules/.ready  ## load the artifact with transformers, optimum-onnx, transformers.js
	$(TRANSFORMERS_VENV)/bin/python -m pytest $(HUGGING_FACE) --ignore $(HUGGING_FACE)/test_optimum.py $(ARGS)
	$(OPTIMUM_VENV)/bin/python -m pytest $(HUGGING_FACE)/test_optimum.py $(ARGS)

test-spark: $(SPARK_VENV)/.ready $(SPARK_35_VENV)/.ready  ## run the tests of scoring on Spark, on pyspark 4 and EMR's 3.5 (needs Java 17)
	$(SPARK_VENV)/bin/python -m pytest tests/spark $(ARGS)
	$(SPARK_35_VENV)/bin/python -m pytest tests/spark $(ARGS)

spark-environment: build/spark-environment.tar.gz  ## pack Python, packages, model and us for EMR Serverless (needs uv)

test-image: $(VENV)/.ready  ## build the image and run it in containers (needs root and Debian's buildah podman runc debootstrap)
	$(PY) -m pytest tests/image $(ARGS)

synth: $(VENV)/.ready node_modules/.ready  ## make the CloudFormation templates in cdk.out; ARGS="-c compute=both"
	npx cdk synth --quiet $(ARGS)

deploy: $(VENV)/.ready node_modules/.ready  ## deploy to the AWS account in the environment; ARGS="-c compute=both"
	npx cdk deploy --all $(ARGS)

model: $(TRAINING_VENV)/.teacher  ## train the model, from data to artifact (hours on two cores; DATA_DIR=folder, else of make data)
	$(TRAINING_PY) -m training.pipeline $(if $(DATA_DIR),--data $(DATA_DIR)) --out model_artifacts/distilbert-crypto-sentiment $(ARGS)

data: $(TRAINING_VENV)/.ready  ## prepare the training data, and report on it (DATA_DIR=folder, else the public sources)
	$(TRAINING_PY) -m training.data.prepare $(if $(DATA_DIR),--data-dir $(DATA_DIR),--download) $(ARGS)
	$(TRAINING_PY) -m training.data.data_report

publish: $(TRAINING_VENV)/.ready  ## say what REPO=owner/name on Hugging Face would get; ARGS=--push uploads it
	$(TRAINING_PY) -m training.ship.publish $(REPO) $(ARGS)

cost: $(VENV)/.ready  ## what 10 million comments a day cost, each way of running it
	$(VENV)/bin/crypto-sentiment cost --allow-stale $(ARGS)

cost-docs: $(VENV)/.ready  ## write docs/COST.md and docs/cost
	$(VENV)/bin/crypto-sentiment cost --allow-stale --markdown docs/COST.md --plots docs/cost --html docs/cost/report.html > /dev/null
	$(VENV)/bin/crypto-sentiment simulate --range --most-events 4000 --markdown docs/cost/simulation.md

measure: $(VENV)/.ready  ## measure the shipped model for the bill, with VNNI and with AVX2 only (needs cc, objdump); then cost-docs
	$(PY) -m crypto_sentiment.cost.measure $(if $(COMMENTS),--comments $(COMMENTS))
	$(PY) -m scripts.benchmark.masked 3 $(PY) -m crypto_sentiment.cost.measure --host avx2 $(if $(COMMENTS),--comments $(COMMENTS))
	$(MAKE) cost-docs

simulate: $(VENV)/.ready  ## play a day event by event and compare its bill with the estimate
	$(VENV)/bin/crypto-sentiment simulate $(ARGS)

lint: $(VENV)/.ready  ## check style, types and the documents that hold no times
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/cog --check -P -I . docs/DEPLOY.md training/README.md findings/README.md

readme-check: $(VENV)/.ready  ## run README's commands in a fresh clone, and compare what they print
	$(PY) -m scripts.readme_check $(ARGS)

package-check: $(VENV)/.ready  ## build the wheel, install it elsewhere with its extras, and use it there
	scripts/package_check.sh

bench: $(BENCH_VENV)/.ready  ## compare with the predecessor and the peers (installs PyTorch; COMMENTS=file of real comments)
	$(BENCH_PY) -m pytest -q $(NEEDS_PEERS)
	$(BENCH_PY) -m scripts.benchmark $(if $(COMMENTS),--comments $(COMMENTS)) $(ARGS)

bench-guard: $(VENV)/.ready  ## fail if the encoder is over 15 % slower, against its products in fp32, than committed
	$(PY) -m scripts.benchmark.guard $(ARGS)

mood-picture: $(VENV)/.ready  ## draw README's picture again from the committed rollup of May 2022
	$(VENV)/bin/crypto-sentiment mood docs/mood/may-2022.rollup.jsonl.gz --from 2022-05-01 --by coin,day \
	  --coin BTC --coin ETH --coin LUNA --coin UST --chart docs/mood/may-2022.png \
	  --title "Net mood of Reddit comments, May 2022, by coin and day: positive − negative, points"

readme: $(VENV)/.ready $(CLIENTS_READY)  ## run the documents' commands again and put their output into them
	$(VENV)/bin/cog -P -r -I . README.md docs/DEPLOY.md docs/SERVICE.md docs/MOOD.md docs/SPARK.md training/README.md findings/README.md

lock:  ## pin the dependencies again (needs uv)
	scripts/lock.sh --upgrade

clean:  ## remove what the targets above created
	rm -rf $(VENV) $(TRAINING_VENV) $(BENCH_VENV) $(SPARK_VENV) $(SPARK_35_VENV) $(TRANSFORMERS_VENV) $(OPTIMUM_VENV) $(HUGGING_FACE)/node_modules $(CLIENTS)/node_modules $(CLIENTS_VENV) cdk.out build node_modules .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11-3.14 with venv on PATH. Install one (Debian: apt-get install python3 python3-venv) or pass PYTHON=/path/to/python." >&2; exit 1; }
	@echo "Making the environment $(VENV) with $(PYTHON)"
	@if command -v uv >/dev/null; then uv venv --quiet --python $(PYTHON) $(VENV); else \
	  $(PYTHON) -m venv $(VENV) && $@ -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/requirements-uv.txt; fi

# Everything that README's commands need, hashes checked, and this project itself, editable.
$(VENV)/.ready: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing $$(grep -c == requirements.txt) packages, hashes checked: some 20 s, or minutes if they must be downloaded first"
	@$(UV) pip install --quiet --python $(PY) --require-hashes --no-deps --only-binary :all: -r requirements.txt
	@$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@touch $@

# Spark's environments, hashes checked: pyspark is built from its source archive, which is a copy of files.
$(SPARK_VENV)/.ready $(SPARK_35_VENV)/.ready: $(SPARK)/requirements.txt $(SPARK)/requirements-35.txt pyproject.toml | $(VENV)/.ready
	@echo "Installing Spark into $(@D), hashes checked: some 450 MB"
	@$(UV) venv --quiet --allow-existing --python $(PY) $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes --no-deps -r $(SPARK)/requirements.txt
	@test $(@D) = $(SPARK_VENV) || $(UV) pip install --quiet --python $(@D)/bin/python --require-hashes --no-deps -r $(SPARK)/requirements-35.txt
	@touch $@

build/spark-environment.tar.gz: $(SPARK)/environment.txt $(SPARK)/pack.sh $(shell git ls-files crypto_sentiment lambda_fn model_artifacts)
	$(SPARK)/pack.sh $@

# The CDK command line, for which Node and npm have to be there.
node_modules/.ready: package-lock.json
	@command -v npm >/dev/null || { echo "No npm on PATH: the CDK command line needs Node 22 or 24 with npm (https://nodejs.org)." >&2; exit 1; }
	@echo "Installing the CDK command line"
	@npm ci --no-audit --no-fund --silent
	@touch $@

# $(call environment,FOLDER,LOCK FILES): an environment of its own with PyTorch, hashes checked. pip installs PyTorch, so
# that a CPU build that it is told of is taken: TORCH_INDEX=https://download.pytorch.org/whl/cpu
define environment
	@test -n "$(PYTHON)" || { echo "No Python 3.11-3.14 with venv on PATH; pass PYTHON=/path/to/python." >&2; exit 1; }
	@echo "Installing PyTorch and $(2) into $(1), hashes checked"
	@$(PYTHON) -m venv $(1)
	@find="$(1)/bin/python -m pip install $(PIP_QUIET) --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))"; \
	  $$find --dry-run $$(cut -d' ' -f1 training/requirements-torch-cpu.txt) 2>/dev/null && kind=-cpu; \
	  $$find --require-hashes -r training/requirements-torch$$kind.txt
	@if $(1)/bin/python -c "from importlib.metadata import version; exit('+cpu' in version('torch'))"; then \
	  $(UV) pip install --quiet --python $(1)/bin/python --require-hashes --no-deps -r training/requirements-cuda.txt; fi
	@$(UV) pip install --quiet --python $(1)/bin/python --require-hashes --no-deps $(foreach lock,$(2),-r $(lock))
endef

$(TRANSFORMERS_VENV)/.ready: $(HUGGING_FACE)/transformers.txt | $(VENV)/bin/python
	@echo "Installing $< into $(TRANSFORMERS_VENV), hashes checked"
	@$(PYTHON) -m venv $(TRANSFORMERS_VENV)
	@$(UV) pip install --quiet --python $(TRANSFORMERS_VENV)/bin/python --require-hashes --no-deps -r $<
	@touch $@

$(OPTIMUM_VENV)/.ready: $(HUGGING_FACE)/optimum.txt training/requirements-torch.txt training/requirements-torch-cpu.txt | $(VENV)/bin/python
	$(call environment,$(OPTIMUM_VENV),$<)
	@touch $@

$(HUGGING_FACE)/node_modules/.ready: $(HUGGING_FACE)/package-lock.json
	@command -v npm >/dev/null || { echo "No npm on PATH: transformers.js needs Node 20 or later with npm (https://nodejs.org)." >&2; exit 1; }
	@cd $(HUGGING_FACE) && npm ci --no-audit --no-fund --silent
	@touch $@

$(CLIENTS)/node_modules/.ready: $(CLIENTS)/package-lock.json
	@command -v npm >/dev/null || { echo "No npm on PATH: the clients' tests need Node 20 or later with npm (https://nodejs.org)." >&2; exit 1; }
	@cd $(CLIENTS) && npm ci --no-audit --no-fund --silent
	@touch $@

$(CLIENTS_VENV)/.ready: $(CLIENTS)/requirements.txt | $(VENV)/bin/python
	@$(PYTHON) -m venv $(CLIENTS_VENV)
	@$(UV) pip install --quiet --python $(CLIENTS_VENV)/bin/python --require-hashes --no-deps -r $<
	@touch $@

$(TRAINING_VENV)/.ready: training/requirements.txt training/requirements-torch.txt training/requirements-torch-cpu.txt | $(VENV)/bin/python
	$(call environment,$(TRAINING_VENV),training/requirements.txt)
	@touch $@

$(TRAINING_VENV)/.teacher: training/requirements-teacher.txt $(TRAINING_VENV)/.ready
	@$(UV) pip install --quiet --python $(TRAINING_PY) --require-hashes --no-deps -r $<
	@touch $@

$(BENCH_VENV)/.ready: requirements.txt scripts/benchmark/requirements.txt training/requirements-torch.txt | $(VENV)/bin/python
	$(call environment,$(BENCH_VENV),requirements.txt scripts/benchmark/requirements.txt)
	@touch $@
