# make compare   from a fresh clone to a verdict
# make test      checks and the whole test suite
# make pipeline  the same as DVC stages, redoing only what changed
# make ui        the tracking pages in a browser
PYTHON ?= python3
BIN := .venv/bin
export DVC_NO_ANALYTICS := 1

.PHONY: compare test check ui pipeline bench data

compare: .venv/ready data
	$(BIN)/cetransfer compare

test: .venv/ready data check
	$(BIN)/pytest

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

ui: .venv/ready
	$(BIN)/python -m cetransfer.tracking.store
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlruns/mlflow.db --default-artifact-root mlruns/artifacts

pipeline: .venv/ready data
	PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro

bench: .venv/ready data
	$(BIN)/python benchmarks/stack_against_lightning.py
	$(BIN)/python benchmarks/features.py

.venv/ready: requirements.lock pyproject.toml hatch_build.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cetransfer needs Python 3.11 or newer; make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# DVC checks out what data.dvc names; it is a no-op where that is in place
data: .venv/ready
	$(BIN)/dvc pull --quiet
