# The two commands of the README, and the rest. Everything that is made lies under var/.
# The tools come from requirements/: uv from PyPI by its hashes, everything else through uv from the lock.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := var/venv
BIN := $(VENV)/bin
UV := var/uv/bin/uv
READY := $(VENV)/.ready
MANIFEST := var/dbt/manifest.json
# Lines of DuckDB that published files are promised to; each has its lock in requirements/readers.
DUCKDB_READERS := 1.0 1.2 1.4 1.5 2.0
READERS := $(patsubst %,var/readers/%/.ready,$(addprefix duckdb-,$(DUCKDB_READERS)) parquet)
# The month that `make run` reports, and so the night that it replays.
MONTH ?= 2022-10
export DVCTT_HOME ?= $(CURDIR)/var
# With no inbox of your own, `make run` fills one with the sample, once: what you change in it stays changed.
ifeq ($(origin DVCTT_INBOX),undefined)
SAMPLE := $(DVCTT_HOME)/inbox/.sample
endif
export DVCTT_INBOX ?= $(DVCTT_HOME)/inbox
# In the place of links, which not every file system has between a cache and a checkout.
export UV_LINK_MODE ?= copy
# The machine's own trust store, as pip uses it: a network with a certificate authority of its own is no obstacle.
export UV_SYSTEM_CERTS ?= true

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup $(SAMPLE) ## Set everything up and run the main job on the sample: the nightly DAG, through Airflow
	@$(BIN)/dvctt airflow nightly --month $(MONTH)

$(SAMPLE): | $(READY)
	@$(BIN)/dvctt sample --out "$(DVCTT_INBOX)"
	@touch "$@"

.PHONY: test
test: setup readers ## Set up and run all tests
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: chaos
chaos: setup ## Kill runs of the command line at every point (CHAOS_POINTS=20: at so many, chosen by CHAOS_SEED)
	$(BIN)/pytest -s tests/chaos/every_point.py

.PHONY: flips
flips: setup ## Flip 500 bits of landing, publication and closed months, one at a time: each is noticed (FLIPS=…, FLIPS_SEED=…)
	FLIPS=$${FLIPS:-500} $(BIN)/pytest -s tests/chaos/test_flips.py

.PHONY: nights
nights: setup ## Live through 20 nights in any order: what is shared is what is drawn from nothing (NIGHTS=…, NIGHTS_SEED=…)
	NIGHTS=$${NIGHTS:-20} NIGHTS_SEED=$${NIGHTS_SEED:-$$(date +%s)} $(BIN)/pytest -s tests/publications/test_nights.py

.PHONY: fuzz
fuzz: setup ## Generated files through landing and staging (FUZZ_INPUTS=100000 records, from FUZZ_SEED=10)
	FUZZ_INPUTS=$${FUZZ_INPUTS:-100000} $(BIN)/pytest -s tests/fuzz

# ROWS, MONTHS and REPEAT as in docs/how-to/benchmarks.md; CODE is another checkout, set up, to measure beside this one;
# NAME keeps the measurement for the page, BENCH_READERS=0 leaves the readers out.
.PHONY: bench
bench: setup ## Measure a night stage by stage beside plain SQL (ROWS=, MONTHS=, REPEAT=, CODE=, NAME=), then 20 readers of it
	@$(BIN)/python -m benchmarks $(if $(ROWS),--rows $(ROWS)) $(if $(MONTHS),--months $(MONTHS)) \
	    $(if $(REPEAT),--repeat $(REPEAT)) $(if $(CODE),--code "$(CODE)") $(if $(NAME),--name "$(NAME)") --readers $(or $(BENCH_READERS),20)

.PHONY: bench-readers
bench-readers: setup $(SAMPLE) ## Measure 20 readers of the publication in $$DVCTT_HOME, idle and during a run
	@$(BIN)/python benchmarks/readers.py

.PHONY: bench-page
bench-page: setup ## Write docs/performance.md and its plots from the measurements in benchmarks/results
	@$(BIN)/python -m benchmarks.page

.PHONY: same
same: setup ## Play the same nights with BEFORE= (a commit, a checkout or a recording) and with this checkout, and compare every file
	@$(BIN)/python -m benchmarks.same prove "$(or $(BEFORE),$(error BEFORE=<commit> is wanted))"

.PHONY: up
up: setup ## Start Airflow with its UI (http://127.0.0.1:8080) and the nightly schedule
	@$(BIN)/dvctt airflow up

.PHONY: lint
lint: setup ## Run every linter: Python, its types and import directions, dbt project, SQL, YAML, shell, Dockerfile, compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir var/import-linter
	$(BIN)/dbt-bouncer run --config-file dbt_project/dbt-bouncer.yml
	$(BIN)/dbt-score lint --manifest $(MANIFEST) --show failing-items
	$(BIN)/sqlfluff lint --processes 0 dbt_project/models dbt_project/tests
	$(BIN)/yamllint --strict .
	$(BIN)/shellcheck .ci/run
	$(BIN)/hadolint Dockerfile
	$(BIN)/compose-lint docker-compose.yml

# What dbt has parsed: linters read it, and the first night of a home begins from it. Folders are named too: a file that is
# gone is a change.
$(MANIFEST): $(READY) $(shell find dbt_project)
	@echo "setup: dbt parses its project"
	@$(BIN)/python -c 'from dvctt.warehouse.transform import parse_at_setup; parse_at_setup()'
	@touch "$@"

.PHONY: format
format: setup ## Let the formatters write
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: dictionary
dictionary: setup ## Write the data dictionaries in docs/ and the list of published tables from dbt's manifest of the last run
	$(BIN)/dvctt dictionary --out docs/data-dictionary.md
	$(BIN)/dvctt dictionary --out docs/tu-dien-du-lieu.md --lang vi
	$(BIN)/dvctt dictionary --out include/dvctt/core/published_tables.json

.PHONY: docs
docs: setup ## Write the generated pages of docs/: commands, rules of the gate, licences
	$(BIN)/python docs/generate.py

.PHONY: lock
lock: $(UV) ## Resolve the dependencies again into requirements/ (exact versions, hashes, no index host)
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --no-header --extra dev --python-version 3.11 \
	    pyproject.toml -o requirements/lock.txt
	@for line in $(DUCKDB_READERS); do \
	    echo "duckdb==$$line.*" | $(UV) pip compile --quiet --only-binary duckdb --python-version 3.11 --upgrade \
	        --generate-hashes --no-emit-index-url --no-header - -o "requirements/readers/duckdb-$$line.txt"; \
	done
	@printf '%s\n' polars pyarrow fastparquet | $(UV) pip compile --quiet --universal --python-version 3.11 --upgrade \
	    --generate-hashes --no-emit-index-url --no-header - -o requirements/readers/parquet.txt

.PHONY: setup
setup: $(READY) $(MANIFEST) ## Install the environment into var/ (the other targets do this by themselves)

$(UV): requirements/uv.txt
	@echo "setup: uv, by its hashes"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is wanted, found " + sys.version) if sys.version_info < (3, 11) else None'
	@rm -rf var/uv && $(PYTHON) -m venv var/uv
	@var/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

# Compiled now: where Python may keep no bytecode, every start of dbt and Airflow would compile all of it anew.
$(READY): $(UV) requirements/lock.txt pyproject.toml
	@echo "setup: the environment, from requirements/lock.txt"
	@$(UV) venv --quiet --clear --python "$$(command -v $(PYTHON))" $(VENV)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip sync --compile-bytecode --require-hashes requirements/lock.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

# Other people's readers, for tests/readers alone: each in a folder of its own, so that the product's environment keeps its
# one DuckDB. Wheels only: an old client for which this Python has none would be built from source for an hour.
.PHONY: readers
readers: $(READERS) ## Install the client versions that tests open a publication with (make test does this by itself)

var/readers/%/.ready: requirements/readers/%.txt | $(UV)
	@echo "setup: reader $*, from $<"
	@rm -rf $(@D) && $(UV) pip install --quiet --python "$$(command -v $(PYTHON))" --target $(@D) --require-hashes --no-deps \
	    --only-binary :all: -r $< \
	    || { echo "no wheel for this Python? DuckDB 1.0 has them up to CPython 3.12: make readers PYTHON=python3.11" >&2; exit 1; }
	@touch $@

.PHONY: clean
clean: ## Remove all that was made, the publications in var/ included
	rm -rf var
