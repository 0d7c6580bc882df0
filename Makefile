# The commands of the warehouse. include/local does the work.
# Variables of the command line (make run DAY=2) reach it through the environment.
.DEFAULT_GOAL := help
.PHONY: help run up down rollback backup restore psql metrics forget-user replay docs dbt airflow bench soak manifest schema doctor lint test lock audit clean

# The first python3 that works. If its version does not fit, bootstrap.py searches for another one.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c "" >/dev/null 2>&1 && echo $$p && break; done)
LOCAL = @$(if $(PYTHON),$(PYTHON),python3) include/local/bootstrap.py
BIN = .venv/bin
# The environment's own uv, else that of the machine.
UV = $(or $(wildcard $(CURDIR)/.venv/uv/bin/uv),uv)
TESTS ?= tests
# A folder of tests runs on all cores. The whole suite also measures the coverage of dags/.
PARALLEL = --numprocesses logical --maxprocesses 4 --dist loadscope --no-loadscope-reorder
COVERAGE = --durations 20 --cov=dags
export PIPELINES SOURCE SOURCE_NAME DATASETS KINDS PAGES BACKFILL INGEST DRY_RUN DAY TITLES ACCEPT_SHRINK ACCEPT_OLDER FULL_REFRESH FORCE_DOWNLOAD FORCE_TRANSFORM
export LOCAL_DIR UP_PORT SQL QUERY CMD NAME CHECK ONLY REPEATS UPGRADE WAREHOUSE_URL ANALYST_URL PIPELINE_PASSWORD ANALYST_PASSWORD
export BACKUP FORCE DAYS SEED FAULT FULL BATCH SPEED SCALE FAULTS PORT

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 } \
	    /^#\| / { print substr($$0, 4) }' Makefile

run: ## Set everything up and run the pipelines once; the warehouse stays up
	$(LOCAL) run
up: ## Start Airflow with its UI on the embedded warehouse, in the background
	$(LOCAL) up
down: ## Stop Airflow and the warehouse's server; the data stays
	$(LOCAL) down
rollback: ## Publish the marts of the previous publish again
	$(LOCAL) rollback
backup: ## Write a backup of the warehouse to .local/backups, or to BACKUP=<file>
	$(LOCAL) backup
restore: ## Restore a backup: make restore BACKUP=<file>; FORCE=1 replaces a warehouse with data
	$(LOCAL) restore
psql: ## Open a SQL prompt as the analyst; SQL="select 1" or a pipe runs one statement
	$(LOCAL) psql
metrics: ## List the metrics, or ask: make metrics QUERY="--metrics breadth --group-by title"
	$(LOCAL) metrics
# Only from the command line: a shell's own USER is the name of its user.
forget-user: export FORGET_USER = $(if $(findstring command line,$(origin USER)),$(USER))
forget-user: ## Erase one person's words and traces of Trakt; counts stay: make forget-user USER=slug
	$(LOCAL) forget-user
replay: ## Serve pages of Trakt that landed again, on this machine: make replay BATCH=1 SCALE=10
	$(LOCAL) replay
docs: ## Write the dbt docs with lineage: .local/docs/index.html
	$(LOCAL) docs
dbt: ## Run dbt on the warehouse: make dbt CMD="build --select mart_top_titles+"
	$(LOCAL) dbt
airflow: ## Run airflow: make airflow CMD="tasks test imdb_pipeline download.title_ratings 2026-01-01"
	$(LOCAL) airflow
bench: ## Measure loads, builds, runs and queries: make bench ONLY=load TITLES=20000
	$(LOCAL) bench
soak: ## Run 30 simulated days with faults on half of them: make soak DAYS=6 FAULT=kill-run
	$(LOCAL) soak
manifest: ## Parse the dbt project into dags/dbt/target, for Airflow without make
	$(LOCAL) manifest
schema: ## Apply include/sql to WAREHOUSE_URL (as a superuser), or to the embedded warehouse
	$(LOCAL) schema
doctor: ## Check machine, installation and warehouse; changes and starts nothing
	$(LOCAL) doctor
lint: ## Run ruff, mypy, sqlfluff and dbt's check of models and metrics; also part of make test
	$(LOCAL) manifest
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dags/dbt
test: manifest ## Run the tests, or those of TESTS=tests/unit; FULL=1 adds the long tests
	$(BIN)/pytest $(if $(findstring .py,$(TESTS)),,$(PARALLEL)) \
		$(if $(filter tests,$(TESTS)),$(COVERAGE)) $(TESTS)
	$(if $(filter tests,$(TESTS)),$(BIN)/python -m tests.support.branches)
lock: ## Pin the environment of include/local/requirements.in again; UPGRADE=1 takes newer versions
	$(LOCAL)
	cd include/local && $(UV) pip compile requirements.in --universal --python-version=3.11 --no-annotate \
		--no-header --quiet $(if $(UPGRADE),--upgrade) --output-file requirements.txt
audit: ## Ask the package index for known vulnerabilities of the pinned packages
	$(LOCAL)
	$(UV) tool run --from pip-audit==2.10.1 pip-audit --requirement include/local/requirements.txt \
		--strict --no-deps --disable-pip
clean: ## Stop everything and remove the installation, but not its backups
	$(LOCAL) clean

#| 
#| variables of make run and make up
#|   PIPELINES=imdb,tmdb,trakt    only these pipelines; without it, all that read SOURCE
#|   SOURCE=sample|imdb|tmdb|trakt|folder   generated data, the real files or API, or a folder of .tsv.gz;
#|                                without it, DAY and TITLES, those of the last run; at first, the sample
#|   SOURCE_NAME=name             the name of this source's data; another name has its own history
#|   DATASETS=title.basics,...    only these files
#|   KINDS=movie,tv,person        TMDb: only these kinds of things
#|   PAGES=5                      TMDb: so many pages of each list of popular things, at most 500
#|   BACKFILL=100                 Trakt: of so many titles, read all comments that were ever written
#|   INGEST=0                     TMDb, Trakt: ask nothing, only build
#|   DRY_RUN=1                    TMDb: ask and check, but write nothing
#|   DAY=2  TITLES=20000          day and size of the sample
#|   FORCE_DOWNLOAD=1 FORCE_TRANSFORM=1 FULL_REFRESH=1
#|                                fetch, build, or do everything although nothing changed
#|   ACCEPT_SHRINK=title.basics   load these files although they have far fewer rows than before
#|   ACCEPT_OLDER=title.basics    load these files although they are older than those loaded last
#|   UP_PORT=8080                 the port of the UI (make up)
#| variables of make replay
#|   BATCH=1                      the batch of pages, see raw.trakt_pages
#|   SPEED=max|1                  as fast as asked, or as far apart in time as they came
#|   SCALE=10                     so many copies of each page, with other ids
#|   FAULTS=503,429,cut           these faults on some of the answers; SEED=1 draws others
#|   PORT=8900                    the port on this machine
#| variable of make metrics
#|   QUERY="--metrics A,B --group-by C --where 'D > 1' --order -A --limit 10"
#|                                --start-time and --end-time bound the time; --explain shows the SQL
#| variable of make doctor
#|   CHECK=full                   also count every row of the raw tables
#| variables of all commands
#|   LOCAL_DIR=.local             the folder of all state; two folders are two installations
#|   PYTHON=python3.12            the Python of the environment
#| environment variables, not for the command line, since they contain passwords
#|   WAREHOUSE_URL ANALYST_URL    your own Postgres instead of the embedded one
#|   PIPELINE_PASSWORD ANALYST_PASSWORD   the passwords that make schema sets there
