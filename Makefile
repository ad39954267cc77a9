# The two that a newcomer needs are `make up` and `make test`; `make help` shows them all.

PYTHON      ?=
VENV        := .venv
BIN         := $(VENV)/bin
SETUP       := tools/setup
SECONDS_EACH ?= 300

.PHONY: help setup setup-dev up test lint types cover lab bench fuzz node-agent deb site docs lock clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## Set up what running Bellrock needs
	@$(SETUP) run "$(PYTHON)"

setup-dev: ## Set up what the tests need as well
	@$(SETUP) dev "$(PYTHON)"

up: setup ## Run region, rack and page on this machine (http://127.0.0.1:5240, loopback only)
	@exec $(BIN)/bellrock up $(ARGS)

test: setup-dev lint types ## Pass every test, the lab included
	@$(BIN)/python tools/run-tests $(ARGS)

lint: setup-dev ## Style, walls between rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: setup-dev ## Types, strictly
	$(BIN)/mypy

cover: setup-dev ## Each module covered by its own test file
	$(BIN)/python tools/cover

lab: setup-dev ## A site of ten machines in network namespaces, with real agents
	@$(BIN)/bellrock lab up examples/three-racks.toml

bench: setup-dev ## Measure; ONLY=name for one of them
	@$(BIN)/python -m bench $(ONLY)

fuzz: setup-dev ## Fuzz every parser, SECONDS_EACH=300 each
	@$(BIN)/python -m fuzz.run --seconds $(SECONDS_EACH)

node-agent: setup-dev ## One file for machines that have CPython and nothing else; ARCH=x86_64 or aarch64
	@$(BIN)/python tools/node-agent $(if $(ARCH),--arch $(ARCH))

deb: setup-dev ## The Debian package, into dist/
	@$(BIN)/python tools/deb

site: setup-dev ## The documentation as a site that needs no network, into site/
	@$(BIN)/python tools/site

docs: setup-dev ## Write the references of commands and settings anew, and check what the documentation claims
	$(BIN)/python tools/cli-reference >docs/reference/cli.md
	$(BIN)/python tools/beacon-settings >docs/reference/beacon-settings.md
	$(BIN)/python tools/roles-reference >docs/reference/roles.md
	$(BIN)/python tools/findings-reference >docs/reference/findings.md
	$(BIN)/python tools/diagnose-schema >docs/reference/diagnose.schema.json
	$(BIN)/python tools/config-reference >docs/reference/configuration.md
	$(BIN)/python tools/config-schema >docs/reference/config.schema.json
	$(BIN)/python tools/api-client
	$(BIN)/python tools/api-reference >docs/reference/api.md
	$(BIN)/pytest -q tests/docs

COMPILE = uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: ## Lock the dependencies anew, with hashes (needs uv)
	$(COMPILE) --all-extras --group build pyproject.toml -o requirements/run.lock
	$(COMPILE) --all-extras --group dev pyproject.toml -o requirements/dev.lock
	$(COMPILE) --group node -o requirements/node.lock

clean: ## Remove what was built; state and labs stay
	rm -rf $(VENV) build dist site web/node_modules src/bellrock/_page .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
