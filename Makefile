# One command a chore, the same here and in CI. `make demo` and `make test` are all a newcomer needs:
# each makes .venv on a bare machine with Python 3.11 and installs what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest --quiet --numprocesses 2 --dist worksteal

.PHONY: demo test quick slow check format bench figures install install-dev clean
.DELETE_ON_ERROR:

demo: install ## train a first GAN on the embedded digits, explain it, measure it, write its report below demo/
	$(BIN)/ganatomy demo --out demo

test: install-dev ## everything but the slow tests
	$(PYTEST) -m "not slow"

quick: install-dev ## for every edit: under two minutes
	$(PYTEST) -m "not slow and not thorough"

slow: install-dev ## all tests, before an issue is called resolved
	$(PYTEST)

check: install-dev ## format, lint, types, architecture
	$(BIN)/ruff format --check src tests docs
	$(BIN)/ruff check src tests docs
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet --durations=0 tests/test_architecture.py

format: install-dev
	$(BIN)/ruff format src tests docs
	$(BIN)/ruff check --fix src tests docs

bench: install ## measure all benchmarks and write them into the README and docs: most of an hour; BENCH=ring for one
	$(BIN)/python docs/benchmarks.py $(BENCH)

figures: install ## run the demo, draw the README's picture, write down what the demo took (needs Debian's chromium)
	$(BIN)/python docs/figures.py

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "ganatomy needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11"; exit 1; }
	@echo "making $(VENV) (once; torch is the large part)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# torch goes first and by its exact pin, so that no other package can choose it.
$(VENV)/installed: $(VENV)/python pyproject.toml constraints.txt
	@echo "installing torch"; $(PIP) "$$(grep '^torch==' constraints.txt)"
	@echo "installing ganatomy"; $(PIP) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "installing the test tools"; $(PIP) --editable '.[dev]'
	@touch $@

clean: ## remove what the chores made, but not runs/ and findings/
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis demo
