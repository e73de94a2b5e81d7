# Everything a newcomer needs: make run, make test. See README.md.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev
WEB    := app/web
PAGE   := $(WEB)/dist/.built
NODE   := $(WEB)/node_modules/.installed
TYPES  := $(WEB)/src/api/schema.d.ts
NPM    := VENV=$(VENV) $(WEB)/npm

.PHONY: run setup setup-dev page types system check test clean bench

run: setup page     ## serve on 127.0.0.1:8000 with the example handbook
	@$(BIN)/attune serve --example

setup: $(STAMP)     ## leave .venv/bin/attune ready

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Attune needs Python 3.11 or newer; set PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "cannot make a virtual environment: on Debian, apt-get install python3-venv"; exit 1; }
	@echo "installing the pinned requirements (about a minute) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

page: $(PAGE)       ## build the page that people open

$(NODE): $(WEB)/package-lock.json $(STAMP)
	@echo "installing what the page is built with ..."
	@$(NPM) ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

types: $(TYPES)     ## the types of the API's client, from the API's description

$(TYPES): $(wildcard app/routes/*.py) $(NODE)
	@$(BIN)/python -c 'import json; from app.main import description; print(json.dumps(description()))' > $(WEB)/openapi.json
	@$(NPM) run --silent types > /dev/null

$(PAGE): $(TYPES) $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts -type f)
	@echo "building the page ..."
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@

setup-dev: $(DEV)

$(DEV): requirements-dev.txt $(STAMP)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

system:             ## programs some tests need: PostgreSQL 15, tesseract's language data, Chromium
	@$(PYTHON) tests/system_packages.py

check: setup-dev types ## the quick part: format, lint, types, imports, house rules
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(NPM) run --silent check
	@$(BIN)/pytest -q tests/test_house.py tests/test_docs.py

test: setup-dev system check page ## every check and every test, without network
	@$(BIN)/pytest -m "not slow" --numprocesses auto --maxprocesses 2 --dist loadfile --no-loadscope-reorder

clean:
	rm -rf $(VENV) $(WEB)/node_modules $(WEB)/dist $(TYPES) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
