# Everything runs from .venv, which is made from uv.lock. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
SYNC := UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --locked --inexact --quiet --python $(BIN)/python
JOBS ?= 2

.PHONY: help install demo test lint docs bench bench-limit bench-large bench-reporting test-ui test-celery test-system test-faults test-wheel catalogue clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# uv goes into the environment itself, because a system pip may be refused (PEP 668).
$(UV):
	@echo "==> creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 14)))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.runtime: $(UV) uv.lock pyproject.toml
	@echo "==> installing the runtime packages from uv.lock"
	@$(SYNC)
	@touch $@

$(VENV)/.dev: $(UV) uv.lock pyproject.toml
	@echo "==> installing the test and lint packages from uv.lock"
	@$(SYNC) --group test --group lint
	@touch $@ $(VENV)/.runtime

$(VENV)/.docs: $(VENV)/.dev
	@$(SYNC) --group test --group lint --group docs
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	@$(SYNC) --group test --group lint --group bench
	@touch $@

$(VENV)/.ui: $(VENV)/.dev
	@$(SYNC) --group test --group lint --group ui
	@touch $@

install: $(VENV)/.runtime  ## create .venv from the lock (runtime packages)
	@echo "installed: $(BIN)/calcom, $(BIN)/airflow"

$(VENV)/.celery: $(VENV)/.dev
	@$(SYNC) --extra celery --group test --group lint
	@touch $@

demo: $(VENV)/.runtime  ## a real DAG reads an imitated organisation into a database file, and a page shows it
	@$(BIN)/python -m calcom_provider.sandbox.demo

lint: $(VENV)/.dev  ## ruff and mypy
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

test: lint  ## lint, types and all tests
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

bench-limit: $(VENV)/.dev  ## sync 30,000 people under the API's own limit, twice (about 5 minutes)
	@$(BIN)/python -m tests.benchmarks.limit

docs: $(VENV)/.docs  ## build the documentation; a warning is an error
	@$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

test-system: $(VENV)/.dev  ## the DAGs through a real scheduler, dag processor, triggerer and API server
	@echo "needs: free ports and about 2 GB of memory; everything runs on this machine"
	@$(BIN)/python -m pytest -q -m scheduler tests/system

test-faults: $(VENV)/.dev  ## the write-back cut at every request, by exception and by SIGKILL
	@$(BIN)/python -m pytest -m exhaustive -n $(JOBS) --dist loadgroup

test-celery: $(VENV)/.celery  ## the sync mapped over 5 organisations on two Celery workers
	@echo "needs: a Redis server on this machine (apt-get install redis-server) or CALCOM_TEST_REDIS_URL; PostgreSQL comes along"
	@$(BIN)/python -m pytest -q -s -m celery tests/system

test-ui: $(VENV)/.ui  ## connection form, syncs, approval and report page in a real browser; takes the screenshots
	@command -v chromium >/dev/null || { echo "needs Chromium: apt-get install -y chromium"; exit 1; }
	@CALCOM_SCREENSHOTS=docs/_static/screens $(BIN)/python -m pytest -q -m ui tests/system

test-wheel: $(VENV)/.dev  ## the wheel in fresh environments, with the lowest and the newest Airflow allowed
	@echo "needs: the package index, and about 1 GB of disk"
	@$(BIN)/python -m pytest -q -m wheel tests/system

catalogue: $(VENV)/.runtime  ## write the operation catalogue anew: make catalogue OPENAPI=openapi.json
	@test -n "$(OPENAPI)" || { echo "name the document: make catalogue OPENAPI=openapi.json"; exit 2; }
	@$(BIN)/python tools/make_catalogue.py $(OPENAPI)
	@$(BIN)/python tools/make_operations_page.py
	@git --no-pager diff --stat -- provider/calcom_provider/api/operations.json docs/operations-table.rst || true

bench: $(VENV)/.bench  ## measure beside dlt and pandas, and write the page of results
	@$(BIN)/python -m tests.benchmarks.run --page docs/benchmarks.rst

bench-large: $(VENV)/.bench  ## the slow measurements: the rate limit at 474 requests, ten times the rows
	@$(BIN)/python -m tests.benchmarks.run --cases limit,memory --repeats 1 --alone

bench-reporting: $(VENV)/.dev  ## reporting questions, views and kept tables on 500,000 bookings, PostgreSQL and DuckDB
	@$(BIN)/python -m tests.benchmarks.reporting --write

clean:  ## remove what the other targets made
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache demo-output bench-work
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
