# make compare: install into .venv and run the main job. make test: run every check. See README.md.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help compare test benchmarks fuzz mutation dev constraints clean

help:
	@echo "make compare      compare the search strategies; results go to out/compare"
	@echo "make test         run every check: lint, types, docs, wheel, the oldest NumPy, slow, tests"
	@echo "make benchmarks   measure speed (tests/benchmarks)"
	@echo "make fuzz         100,000 strange inputs into every reader and argument"
	@echo "make mutation     how many small changes of the code the tests notice (an hour)"
	@echo "make dev          install everything a developer needs, and the git hooks"
	@echo "make constraints  make constraints.txt anew"
	@echo "make clean        remove what these made, except out/"

compare: $(VENV)/runtime.stamp
	$(VENV)/bin/nasbench-mobile compare --out out/compare

test: $(VENV)/tox.stamp
	$(VENV)/bin/tox run

# One process, one thread: what is measured is the code, not how the machine shares itself out.
benchmarks: $(VENV)/tox.stamp
	$(VENV)/bin/tox run -e benchmarks

# The gate tries a few thousand of these.
fuzz: $(VENV)/tox.stamp
	NASBENCH_MOBILE_FUZZ=100000 $(VENV)/bin/tox run -e slow -- tests/test_fuzz.py \
	  tests/runs/test_log_reading.py tests/cli/test_fuzz_arguments.py

# Outside the gate: an hour of CPU time.
mutation: $(VENV)/tox.stamp
	$(VENV)/bin/tox run -e mutation

dev: $(VENV)/dev.stamp

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "nasbench_mobile needs Python 3.11 or newer, but '$(PYTHON)' is not that" \
	    "($$($(PYTHON) --version 2>&1)); give another: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

$(VENV)/tox.stamp: $(VENV)/bin/python constraints.txt
	$(PIP) tox
	@touch $@

$(VENV)/dev.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[dev]'
	$(VENV)/bin/pre-commit install
	@touch $(VENV)/runtime.stamp $(VENV)/tox.stamp $@

# torch is held where it is (see the head of constraints.txt); everything else is resolved anew.
constraints: $(VENV)/bin/python
	rm -rf $(VENV)/resolve
	$(PYTHON) -m venv $(VENV)/resolve
	$(VENV)/resolve/bin/python -m pip install --quiet --editable '.[dev,mutation]' "$$(grep '^torch==' constraints.txt)"
	{ grep '^#' constraints.txt; $(VENV)/resolve/bin/python -m pip freeze --all --exclude-editable \
	  | grep -v '^pip==' | sed 's/+cpu$$//'; } > constraints.txt.new
	mv constraints.txt.new constraints.txt
	rm -rf $(VENV)/resolve

clean:
	rm -rf $(VENV) .tox .mutation build dist docs/_build *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .import_linter_cache .coverage .coverage.*
