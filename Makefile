# make compare   from a fresh clone to a verdict
# make test      checks and the test suite
# make slow      the proofs that take minutes: servers stopped, workers killed, environments built
# make pipeline  the comparison as DVC stages, redoing only what changed
# make docs      the documentation into build/docs, which opens without a network
# make docs-serve  the same at http://127.0.0.1:8000, made anew at every change of a page
# make ui        the tracking pages in a browser
# make dashboard the trials of the sweep written to last in a browser (SWEEP=FOLDER: of another one)
# make bench     timings and the test of the test, minutes each
# make default-model  the model that `cetransfer predict default` takes, trained anew; then dvc push
# make accuracy  the table "How accurate is it?" of README.md, many hours; goes on where it was stopped
PYTHON ?= $(shell command -v python3.11 || echo python3)
# modules instead of scripts: scripts hold absolute paths, and the folder may be moved
RUN := PYTHONPATH=src .venv/bin/python -m
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
# what its makers say of its successor
export NO_MKDOCS_2_WARNING := 1

.PHONY: compare test slow check docs docs-serve ui dashboard pipeline bench default-model accuracy data

compare: .venv/ready data
	$(RUN) cetransfer compare

# a worker for each core; a file stays with one, as its tests share what took long to make
test: .venv/ready data check docs
	OMP_NUM_THREADS=1 $(RUN) pytest -m "not slow" -n auto --dist loadfile

slow: .venv/ready data
	$(RUN) pytest -m slow

check: .venv/ready
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

docs: .venv/ready
	$(RUN) mkdocs build --quiet --strict --config-file docs/mkdocs.yml

docs-serve: .venv/ready
	$(RUN) mkdocs serve --config-file docs/mkdocs.yml

ui: .venv/ready
	$(RUN) cetransfer.tracking.store
	$(RUN) mlflow ui --backend-store-uri sqlite:///mlruns/mlflow.db --default-artifact-root mlruns/artifacts

SWEEP ?= $(patsubst %/study.db,%,$(firstword $(shell ls -t outputs/sweep/*/study.db 2>/dev/null)))
dashboard: .venv/ready
	@test -f "$(SWEEP)/study.db" || { echo "no sweep was begun here; cetransfer sweep sweep=small begins one" >&2; exit 2; }
	@echo "http://127.0.0.1:8080/, Ctrl-C ends it"
	.venv/bin/python -c 'import sys, optuna_dashboard; optuna_dashboard.run_server(sys.argv[1])' sqlite:///$(SWEEP)/study.db

pipeline: .venv/ready data
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(RUN) dvc repro

bench: .venv/ready data
	PYTHONPATH=src .venv/bin/python benchmarks/stack_against_lightning.py
	PYTHONPATH=src .venv/bin/python benchmarks/sweep.py
	PYTHONPATH=src .venv/bin/python benchmarks/studies.py
	PYTHONPATH=src .venv/bin/python benchmarks/features.py
	PYTHONPATH=src .venv/bin/python benchmarks/structures.py
	PYTHONPATH=src .venv/bin/python benchmarks/calibration.py
	PYTHONPATH=src .venv/bin/python benchmarks/calibration_elements.py

default-model: .venv/ready data
	$(RUN) cetransfer compare 'strategy=[target_only,profile_kernel]' protocol.folds=5 protocol.members=2 output_dir=outputs/default
	rm -rf models/default
	$(RUN) cetransfer export outputs/default/models/profile_kernel output=models/default
	$(RUN) dvc add --quiet models/default

accuracy: .venv/ready data
	PYTHONPATH=src .venv/bin/python benchmarks/accuracy.py

.venv/ready: requirements.lock pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "the lock is for Python 3.11; say make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --requirement requirements.lock
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# a no-op where everything that data.dvc names is in place
data: .venv/ready
	$(RUN) dvc pull --quiet
