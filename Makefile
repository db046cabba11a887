# `make` alone says what there is. Everything runs in .venv, made from the lock file with hashes.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
# Nothing is sent anywhere, and nothing asks for updates.
export MLFLOW_DISABLE_TELEMETRY := true
export DVC_NO_ANALYTICS := true
export DO_NOT_TRACK := true
export NO_MKDOCS_2_WARNING := true
# Hundreds of processes are started by the tests: without byte-code each of them compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE
# Threads that wait sleep, so that two programs on two cores do not stand in each other's way.
export OMP_WAIT_POLICY := PASSIVE

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: .venv/installed ## make .venv from the lock file

.venv/installed: requirements/lock.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), f"Python 3.11, 3.12 or 3.13 is needed, found {sys.version.split()[0]}; set PYTHON=python3.12"'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/lock.txt \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

repro: setup ## run the pipeline; DATA=cdnow first writes params/cdnow.yaml into params.yaml
	@if [ -n "$(DATA)" ]; then churn use params/$(DATA).yaml; fi
	@if [ ! -d .git ] && [ ! -d .dvc/tmp ]; then dvc config --local core.no_scm true; fi
	dvc repro
	@churn where

test: setup ## lint, types and all tests but the widest
	@$(MAKE) --no-print-directory --jobs 2 lint tests

# One more than there are cores: some tests wait, for a browser or a server.
tests: setup
	pytest -n 3 --dist loadfile --no-loadscope-reorder --by-day

lint: setup ## lint and types only
	ruff format --check pipeline tests benchmarks docs
	ruff check pipeline tests benchmarks docs
	mypy

fast: lint ## lint, types and the quick tests
	pytest -q -n 2 --dist loadfile --fast

nightly: lint ## lint, types and all tests, the widest too
	HYPOTHESIS_PROFILE=nightly pytest -n 2 --dist loadfile --no-loadscope-reorder --nightly
	@if command -v java >/dev/null; then $(MAKE) --no-print-directory spark; fi

# Beside .venv, for it is as large as half of all other packages together.
.spark/installed: requirements/spark.txt .venv/installed
	uv pip install --quiet --require-hashes --target .spark -r requirements/spark.txt
	@touch $@

spark: setup .spark/installed ## run the recipe of docs/on-a-cluster.md in a real Spark; needs Java
	PYTHONPATH=$(CURDIR)/.spark pytest -q --nightly tests/tables/test_spark.py

coverage: setup ## all tests; lists the lines that none of them runs
	pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered

docs: setup ## the documentation as a site, in site/
	mkdocs build --strict --quiet

# Beside .venv as well: what a forecast never needs is not put on everybody's machine.
.rivals/installed: requirements/rivals.txt .venv/installed
	uv pip install --quiet --no-deps --require-hashes --target .rivals -r requirements/rivals.txt
	@touch $@

# Not there: it needs a pandas of its own.
.featuretools/installed: requirements/featuretools.txt .venv/installed
	uv pip install --quiet --require-hashes --target .featuretools -r requirements/featuretools.txt
	@touch $@

bench: setup .rivals/installed .featuretools/installed ## how fast it is, side by side with peers; 90 minutes, needs a C compiler
	PYTHONPATH=$(CURDIR)/.rivals python -m benchmarks
	python -m docs.generate

bench-quality: setup ## how well it ranks, explains and decides, on sample data and simulated companies; a night
	python -m benchmarks --quality
	python -m docs.generate

leaderboard: setup .rivals/installed ## the leaderboard, beside XGBoost, CatBoost and others; 20 minutes
	PYTHONPATH=$(CURDIR)/.rivals python -m benchmarks.leaderboard --json benchmarks/results/leaderboard.json
	python -m docs.generate

.venv-audit/installed: requirements/audit.txt requirements/uv.txt
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	@touch $@

audit: setup .venv-audit/installed ## list the packages of the lock file that have known holes
	@python -m docs.audit audit

sbom: setup .venv-audit/installed ## write sbom.json: every package of the lock file
	@python -m docs.audit sbom

lock: setup ## write requirements/*.txt anew from pyproject.toml
	uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --all-extras \
	  --upgrade --quiet pyproject.toml -o requirements/lock.txt
	uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --extra sql \
	  --constraints requirements/lock.txt --quiet pyproject.toml -o requirements/runtime.txt
	uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
	  --upgrade --quiet requirements/spark.in -o requirements/spark.txt
	uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --no-deps \
	  --upgrade --quiet requirements/rivals.in -o requirements/rivals.txt
	uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
	  --upgrade --quiet requirements/featuretools.in -o requirements/featuretools.txt
	uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
	  --upgrade --quiet requirements/audit.in -o requirements/audit.txt

clean: ## remove what the stages made, not the environment
	find data models exports -mindepth 1 ! -name README.md -delete
	rm -rf reports/plots mlflow.db mlruns mlartifacts .dvc/cache .dvc/tmp

.PHONY: help setup repro test tests lint fast nightly spark coverage docs bench bench-quality leaderboard audit sbom lock clean
