# Everything starts here: make lab. Each command first sets up whatever is missing; see tools/setup.py.

.PHONY: help setup clients peers lab run test check bench lock
.DEFAULT_GOAL := help

# Hundreds of labs and children start in the tests: each would compile all modules anew where this is set.
unexport PYTHONDONTWRITEBYTECODE

# The environment's own Python if it works, else the first one that is new enough. Choose yours: make PYTHON=python3.12
CANDIDATES := $(PYTHON) .venv/bin/python python3.11 python3.12 python3.13 python3.14 python3 python
FOUND := $(shell for python in $(CANDIDATES); do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
IN := .venv/bin/python
# Workers of the test suite (auto: one more than cores), each with a lab of its own, and what else pytest is told: make test ARGS="-k kinesis"
JOBS := auto
ARGS :=

help:
	@echo "make lab     JupyterLab with the lab running, on the first notebook"
	@echo "make run     the whole course headless on a fresh lab, with an HTML report in build/report"
	@echo "make test    everything is checked"
	@echo "make check   lint, types and the tests of what has changed, in a minute and a half"
	@echo "make bench   speed against others, side by side"
	@echo "make setup   only the environment that the others need, in .venv"

setup:
ifeq ($(FOUND),)
	@echo "setup: Python 3.11 or newer is needed, and none of these is it: $(CANDIDATES)" >&2
	@echo "Debian, Ubuntu: sudo apt install python3 python3-venv   macOS: brew install python@3.12" >&2
	@echo "Or name yours: make setup PYTHON=/path/to/python3" >&2
	@exit 1
else
	@$(FOUND) tools/setup.py
endif

# People's own tools (dbt, PyAthena, …), which the tests in tests/clients run against the lab.
clients: setup
	@$(IN) tools/setup.py clients

# What the lab's speed is compared with.
peers: setup
	@$(IN) tools/setup.py peers

lab: setup
	@$(IN) -m dehelpers lab

run: setup
	@$(IN) -m dehelpers run

test: clients
	$(IN) -m ruff check
	$(IN) -m ruff format --check
	$(IN) -m mypy
	$(IN) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup
	@$(IN) -m ruff check
	@$(IN) -m ruff format --check --quiet
	@$(IN) -m mypy
	@$(IN) tools/changed.py

bench: peers
	@$(IN) benchmarks/bench.py
	@$(IN) benchmarks/small_calls.py
	@$(IN) benchmarks/decisions.py
	@$(IN) benchmarks/code_and_databases.py
	@$(IN) benchmarks/athena.py
	@$(IN) benchmarks/redshift_queries.py
	@$(IN) benchmarks/redshift_loads.py
	@$(IN) benchmarks/state.py

# For maintainers, after a change to the dependencies in pyproject.toml; needs uv.
lock:
	@sh tools/lock.sh
