# The two commands: `make run` and `make test`. Everything else is for developers.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup dev system run test test-fast fuzz lint check audit bench chaos soak compiled sounds lock clean

help: ## say what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@.ci/venv "$(PYTHON)" .venv

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

# Without it the page plays its cues from files, and says so.
bridge/engine/files/package-lock.json: bridge/engine/package-lock.json bridge/engine/bring | .venv/.runtime
	@bridge/engine/bring .venv && touch $@ || \
	  echo "The sound engine of the page could not be fetched (npm): the page will be reduced. Try again with: make setup" >&2

.venv/.dev: requirements-dev.lock .venv/.runtime
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	@touch $@

setup: .venv/.runtime bridge/engine/files/package-lock.json ## make .venv with the command .venv/bin/singing-pager

dev: .venv/.dev bridge/engine/files/package-lock.json

system: ## install what the tests need from Debian (root only; says what)
	@.ci/system-packages

run: setup ## the bridge, its page at http://localhost:8000 and a small MQTT broker
	$(BIN)/singing-pager serve --embedded-broker

# Most of a test's time is waiting for real programs, so several run side by side; one file stays in one process.
BESIDE := -n 3 --dist loadfile

test: dev system ## every test, real programs included
	$(BIN)/python -m pytest $(BESIDE)

test-fast: dev ## the pure floors: about a minute, no root, no system packages
	$(BIN)/python -m pytest -m "not system" -q $(BESIDE)

lint: dev ## formatting, ruff, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

ONLY ?= tests/core/test_machine.py tests/core/test_engine_properties.py tests/web/test_schema_fuzz.py tests/wire/test_fuzz.py
fuzz: dev ## fuzz for a long time; what fails lands in tests/fixtures/fuzz
	PAGER_FUZZ=1 $(BIN)/python -m pytest -q --timeout=0 $(ONLY)

check: lint system ## lint, and: compiled sounds fresh, every config file by its own tool
	$(BIN)/python -m bridge check-config bridge/pager.yml
	$(BIN)/python -m pytest -q tests/sounds/test_fresh.py
	.ci/check-files $(BIN)

audit: dev ## known holes in the locked dependencies; needs the network, and fails where nobody can be asked
	.ci/audit $(BIN)

bench: dev system ## side by side timings, as ratios
	$(BIN)/python bench/run.py

chaos: dev system ## ten minutes of killing every part, and 200 crash points (CHAOS_SEED=7: the same again)
	CHAOS_SECONDS=$${CHAOS_SECONDS:-600} CRASH_POINTS=$${CRASH_POINTS:-200} \
	  $(BIN)/python -m pytest -s tests/system/test_chaos.py tests/system/test_crash_points.py

soak: dev system ## an hour at 200 events a second; writes docs/soak.md (SOAK_SECONDS=600: shorter)
	PYTHONPATH=tests $(BIN)/python -m lab.soak

compiled: dev system ## compile the synthdefs and render the page's cues
	supercollider/compile $(BIN)/python

sounds: dev system ## measure every sound, draw its picture, write docs/sounds.md (some minutes)
	PYTHONPATH=tests $(BIN)/python -m lab.figures

lock: ## resolve the dependencies again (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --custom-compile-command "make lock" pyproject.toml --group build -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  -c requirements.lock pyproject.toml --group build --group test --group lint -o requirements-dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  -c requirements-dev.lock --group node -o requirements-node.lock

clean: ## remove what make made
	rm -rf .venv bridge/engine/files .mypy_cache .ruff_cache .pytest_cache .hypothesis
