# Everything runs from .venv, which is made from uv.lock. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
SYNC := UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --locked --inexact --quiet --python $(BIN)/python
DBT_VENV := .venv-dbt
READERS_VENV := .venv-readers
BIGQUERY_VENV := .venv-bigquery
JOBS ?= 2
MINUTES ?= 20
SEED ?= 7

.PHONY: help install mutants demo play test lint docs bench bench-limit bench-large bench-reporting bench-startup bench-fleet test-chaos test-ui test-cloud test-dbt test-celery test-system test-faults test-soak test-wheel test-python test-events catalogue clean

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
	@$(SYNC) --extra delta --extra iceberg --group test --group lint --group bench
	@touch $@

$(VENV)/.mutants: $(VENV)/.dev
	@$(SYNC) --group test --group lint --group mutants
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

play: $(VENV)/.runtime  ## an Airflow to play with: all DAGs on an imitated Cal.com; Ctrl-C ends it
	@$(BIN)/python -m calcom_provider.sandbox.demo.play

lint: $(VENV)/.dev  ## ruff and mypy
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

test: lint  ## lint, types and every test that needs no browser, scheduler or worker
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

$(VENV)/.cloud: $(VENV)/.dev
	@$(SYNC) --group test --group lint --group cloud --group cloud-snowflake --group cloud-bigquery
	@touch $@

# DuckDB's own readers of both formats come as wheels for one release of DuckDB, not that of the lock.
$(READERS_VENV)/.readers: $(VENV)/.dev tests/integration/lakehouse/requirements.txt
	@echo "==> installing DuckDB's own readers into $(READERS_VENV)"
	@$(UV) venv --quiet --clear --python $(BIN)/python $(READERS_VENV)
	@$(UV) pip sync --quiet --python $(READERS_VENV)/bin/python --require-hashes tests/integration/lakehouse/requirements.txt
	@touch $@

# The emulator of BigQuery needs releases of starlette and protobuf that are not those of Airflow's lock.
$(BIGQUERY_VENV)/.emulator: $(VENV)/.dev tests/integration/bigquery/requirements.txt
	@echo "==> installing the emulator of BigQuery into $(BIGQUERY_VENV)"
	@$(UV) venv --quiet --clear --python $(BIN)/python $(BIGQUERY_VENV)
	@$(UV) pip sync --quiet --python $(BIGQUERY_VENV)/bin/python --require-hashes tests/integration/bigquery/requirements.txt
	@touch $@

test-cloud: $(VENV)/.cloud $(READERS_VENV)/.readers $(BIGQUERY_VENV)/.emulator  ## the warehouse suite on Delta and Iceberg tables, in a pretended S3 and on emulators of Snowflake and BigQuery
	@$(BIN)/python -m pytest -m cloud -n $(JOBS) --dist loadgroup

# dbt needs releases of protobuf, importlib-metadata and sqlparse older than those of Airflow's lock.
$(DBT_VENV)/.dbt: $(VENV)/.dev dbt/integration_tests/requirements.txt
	@echo "==> installing dbt into $(DBT_VENV)"
	@$(UV) venv --quiet --clear --python $(BIN)/python $(DBT_VENV)
	@$(UV) pip sync --quiet --python $(DBT_VENV)/bin/python --require-hashes dbt/integration_tests/requirements.txt
	@touch $@

test-dbt: $(DBT_VENV)/.dbt  ## the dbt package built on DuckDB and PostgreSQL, each mart compared with its view (10 minutes)
	@$(BIN)/python -m pytest -q -m dbt tests/integration/dbt_package

test-chaos: $(VENV)/.dev  ## kills, database faults and hostile answers by a seed, counted: make test-chaos MINUTES=20 SEED=7
	@echo "needs: free ports; starts a PostgreSQL of its own, and a MariaDB and a Redis where they are installed"
	@$(BIN)/python -W ignore -m tests.chaos.run --minutes $(MINUTES) --seed $(SEED)

test-soak: $(VENV)/.dev  ## 500 syncs in one process, two at a time, on each database: nothing grows (30 minutes)
	@$(BIN)/python -m pytest -q -m soak tests/integration/test_long_lived.py

mutants: $(VENV)/.mutants  ## break the code on purpose, 150 ways drawn by a seed and a written list: do the tests notice? (25 minutes; RESULTS=file goes on where a run broke off)
	@$(BIN)/python -m tests.mutants.run $(if $(RESULTS),--results $(RESULTS))

test-celery: $(VENV)/.celery  ## the sync mapped over 5 organisations on two Celery workers
	@echo "needs: a Redis server on this machine (apt-get install redis-server) or CALCOM_TEST_REDIS_URL; PostgreSQL comes along"
	@$(BIN)/python -m pytest -q -s -m celery tests/system

test-ui: $(VENV)/.ui  ## connection form, syncs, approval and report page in a real browser, and a new user's way from the wheel; takes pictures
	@command -v chromium >/dev/null || { echo "needs Chromium: apt-get install -y chromium"; exit 1; }
	@echo "needs: the package index, about 1 GB of disk and 2 GB of memory; pictures of the way are put into demo-output/walk"
	@CALCOM_SCREENSHOTS=docs/_static/screens $(BIN)/python -m pytest -q -m ui tests/system

test-events: CHANGES ?= 30
test-events: MINUTES = 1
test-events: LIMIT ?= 120
test-events: $(VENV)/.dev  ## webhooks: the receiver killed under load, a real Airflow from change to row (10 minutes; CHANGES=300 MINUTES=10 LIMIT=120)
	@echo "needs: free ports and about 2 GB of memory; CALCOM_EVENTS_SECONDS=60 is the receiver's longer form"
	@CALCOM_EVENTS_CHANGES=$(CHANGES) CALCOM_EVENTS_MINUTES=$(MINUTES) CALCOM_EVENTS_LIMIT=$(LIMIT) \
		CALCOM_EVENTS_RESULTS=$(RESULTS) $(BIN)/python -m pytest -q -s -m events tests/system/events

test-wheel: $(VENV)/.dev  ## the wheel in fresh environments: the lowest versions stated of all packages, and the newest
	@echo "needs: the package index, and about 4 GB of disk"
	@$(BIN)/python -m pytest -q -m wheel tests/system

test-python: $(UV)  ## client, operators, DAGs and syncs with another Python: make test-python PYTHON=python3.13
	@UV_PROJECT_ENVIRONMENT=build/$(notdir $(PYTHON)) $(UV) sync --locked --quiet --python $(PYTHON) --group test
	@build/$(notdir $(PYTHON))/bin/python -m pytest -q tests/system/test_dags.py tests/integration/test_sync.py \
		$(addprefix tests/unit/,api hooks operators sensors transfers triggers notifications)

catalogue: $(VENV)/.runtime  ## write the operation catalogue anew: make catalogue OPENAPI=openapi.json
	@test -n "$(OPENAPI)" || { echo "name the document: make catalogue OPENAPI=openapi.json"; exit 2; }
	@$(BIN)/python tools/make_catalogue.py $(OPENAPI)
	@$(BIN)/python tools/make_operations_page.py
	@git --no-pager diff --stat -- provider/calcom_provider/api/catalogue/operations.json docs/operations-table.rst || true

schema: $(VENV)/.runtime  ## write the JSON schema of the write-back's settings anew
	@$(BIN)/calcom hr schema > provider/calcom_provider/hr/settings.schema.json

bench: $(VENV)/.bench  ## measure beside dlt and pandas, and write the page of results
	@$(BIN)/python -m tests.benchmarks.run --page docs/benchmarks.rst

bench-large: $(VENV)/.bench  ## the slow measurements: the rate limit at 474 requests, ten times the rows
	@$(BIN)/python -m tests.benchmarks.run --cases limit,memory --repeats 1 --alone

bench-fleet: $(VENV)/.celery $(VENV)/.bench  ## organisations side by side: 8 with own keys (processes, LocalExecutor, Celery), 1,000 on one key
	@echo "needs: Redis, and about 3 GB of memory; everything runs on this machine"
	@$(BIN)/python -m tests.benchmarks.fleet
	@$(BIN)/python -m tests.benchmarks.executors

bench-startup: $(VENV)/.bench  ## seconds from the command to its first request
	@$(BIN)/python -m tests.benchmarks.startup

bench-reporting: $(VENV)/.dev  ## reporting questions, views and kept tables on 500,000 bookings, PostgreSQL and DuckDB
	@$(BIN)/python -m tests.benchmarks.reporting --write

clean:  ## remove what the other targets made
	rm -rf $(VENV) $(DBT_VENV) $(READERS_VENV) $(BIGQUERY_VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache demo-output bench-work
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
