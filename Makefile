# Every target makes its own .venv from requirements.lock; nothing else is installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH := $(VENV)/.installed-bench
ROOMS := activities contracts domain plans runtime starter storage workflows worker.py
CHECKED := activities bench contracts domain runtime starter storage tests workflows worker.py

COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --quiet

.DEFAULT_GOAL := help
.PHONY: help install check format test storm demo bench lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

install: $(STAMP) ## set up .venv from the lock file

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	# A relative path: Python reads .pth files in the locale's encoding, which LC_ALL=C makes ASCII.
	echo ../../../.. > $$(ls -d $(VENV)/lib/python3*/site-packages)/_editable_impl_jiegai.pth
	$(BIN)/python -m compileall -q $(wildcard $(ROOMS))
	touch $(STAMP)

check: $(STAMP) ## ruff, mypy strict, import contracts
	$(BIN)/ruff check $(wildcard $(CHECKED))
	$(BIN)/ruff format --check $(wildcard $(CHECKED))
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## let ruff rewrite what it can
	$(BIN)/ruff check --fix $(wildcard $(CHECKED))
	$(BIN)/ruff format $(wildcard $(CHECKED))

# A file stays with one process: its fixtures are made once. A bare `pytest FILE` uses one process.
PARALLEL := --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test: check ## check, then every test, on every core
	$(BIN)/python -m pytest $(PARALLEL)

storm: $(STAMP) ## a thousand cases through killed workers, and Temporal killed everywhere; minutes
	STORM_CASES=1000 $(BIN)/python -m pytest tests/acceptance/test_case_storm.py
	$(BIN)/python -m pytest -m exhaustive tests/acceptance

demo: $(STAMP) ## run 乌海's 2019 rollout, re-based to today, on a stack of its own
	$(BIN)/jiegai demo

bench: $(STAMP) $(BENCH) ## measure and print the table of docs/performance.md
	$(BIN)/python -m bench

# What cases are compared with. Where it cannot be had the bench says so, and measures the rest.
$(BENCH): $(STAMP) requirements-bench.lock
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r requirements-bench.lock && touch $(BENCH)

lock: $(STAMP) ## resolve the lock files anew
	$(COMPILE) --extra embedded --extra dev --extra build --upgrade --output-file requirements.lock
	$(COMPILE) --extra build --constraints requirements.lock --output-file requirements-worker.lock
	$(COMPILE) --extra bench --constraints requirements.lock --output-file requirements-bench.lock

clean: ## remove the environment and caches, never data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
