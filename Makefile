# The verbs of the warehouse. The work is done by include/local; this file only names it.
# Variables given on the command line (make run DAY=2) reach it through the environment.
.DEFAULT_GOAL := help
.PHONY: help run up down rollback psql docs dbt airflow bench soak manifest schema doctor lint test lock audit clean

# The first python3 that really runs; bootstrap.py looks further if its version does not fit.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c "" >/dev/null 2>&1 && echo $$p && break; done)
LOCAL = @$(if $(PYTHON),$(PYTHON),python3) include/local/bootstrap.py
BIN = .venv/bin
TESTS ?= tests
# A folder of tests runs on all cores. The whole suite also measures the coverage of dags/.
PARALLEL = --numprocesses logical --maxprocesses 4 --dist loadscope --no-loadscope-reorder
COVERAGE = --durations 20 --cov=dags
export SOURCE SOURCE_NAME DATASETS DAY TITLES ACCEPT_SHRINK FULL_REFRESH FORCE_DOWNLOAD FORCE_TRANSFORM
export LOCAL_DIR UP_PORT SQL CMD NAME CHECK ONLY REPEATS UPGRADE WAREHOUSE_URL ANALYST_URL PIPELINE_PASSWORD ANALYST_PASSWORD
export DAYS SEED FAULT FULL

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 } \
	    /^#\| / { print substr($$0, 4) }' Makefile

run: ## Set everything up, run the pipeline once, say what it did; the warehouse stays up
	$(LOCAL) run
up: ## Airflow with its UI on the embedded warehouse, in the background
	$(LOCAL) up
down: ## End everything: Airflow and the warehouse's server; the data stays
	$(LOCAL) down
rollback: ## Put the published marts before the last publish back, in a second
	$(LOCAL) rollback
psql: ## A SQL prompt as the analyst; SQL="select 1" or a pipe runs and ends
	$(LOCAL) psql
docs: ## The dbt docs with lineage, one page: .local/docs/index.html
	$(LOCAL) docs
dbt: ## dbt by hand on the warehouse: make dbt CMD="build --select mart_top_titles+"
	$(LOCAL) dbt
airflow: ## Airflow by hand: make airflow CMD="tasks test imdb_pipeline download.title_ratings 2026-01-01"
	$(LOCAL) airflow
bench: ## Measure loads, builds, runs and queries, print tables: make bench ONLY=load TITLES=20000
	$(LOCAL) bench
soak: ## 30 simulated days, faults on half of them, print tables: make soak DAYS=6 FAULT=kill-run
	$(LOCAL) soak
manifest: ## Parse the dbt project into dags/dbt/target (after a change, for Airflow by hand)
	$(LOCAL) manifest
schema: ## Apply include/sql to WAREHOUSE_URL (as its owner), or to the embedded warehouse
	$(LOCAL) schema
doctor: ## Look at machine, installation and warehouse, say what to do; changes and starts nothing
	$(LOCAL) doctor
lint: ## ruff, mypy --strict, sqlfluff; `make test` runs them as tests
	$(LOCAL)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dags/dbt
test: manifest ## All tests, lint and types included; TESTS=tests/unit runs some, FULL=1 the long ones, too
	$(BIN)/pytest $(if $(findstring .py,$(TESTS)),,$(PARALLEL)) \
		$(if $(filter tests,$(TESTS)),$(COVERAGE)) $(TESTS)
	$(if $(filter tests,$(TESTS)),$(BIN)/python -m tests.support.branches)
lock: ## Pin the environment anew from include/local/requirements.in; UPGRADE=1 to newer versions
	$(LOCAL) lock
audit: ## Ask the package index for known vulnerabilities in what is pinned (network)
	$(LOCAL) audit
clean: ## End everything and remove the installation: warehouse, files, samples, logs
	$(LOCAL) clean

#| 
#| make run and make up take
#|   SOURCE=sample|imdb|folder    made-up files (the default), the real ones, or a folder of .tsv.gz
#|   DATASETS=title.basics,...    only these files
#|   DAY=2  TITLES=20000          the sample on a later day, or of another size
#|   FORCE_DOWNLOAD=1 FORCE_TRANSFORM=1 FULL_REFRESH=1
#|                                fetch, build, or do everything although nothing changed
#|   ACCEPT_SHRINK=title.basics   load these files although they have far fewer rows than before
#|   UP_PORT=8080                 the port of the UI (make up)
#| make doctor takes
#|   CHECK=full                   count every row of the raw tables, too
#| and everything takes
#|   LOCAL_DIR=.local             where all state is kept; two folders are two installations
#|   PYTHON=python3.12            the Python to make the environment with
#| in the environment, not on the command line, since they hold passwords
#|   WAREHOUSE_URL ANALYST_URL    a Postgres of your own instead of the embedded one
#|   PIPELINE_PASSWORD ANALYST_PASSWORD   what make schema gives the roles there
