# Each target sets itself up: a virtual environment in .venv, the locked dependencies, and this project in place.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench trials lock clean

demo: .venv/core        ## play the built-in environment and judge every run
	@$(BIN)/toolworld demo --out out

test: .venv/dev        ## the test suite, offline
	@$(BIN)/python -m pytest -q -m "not foreign"

check: .venv/dev       ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: .venv/core       ## the table of budgets, measured here
	@$(BIN)/python -m tests.benchmarks

trials: .venv/dev       ## an hour: killed under load, hostile inputs, many episodes, a soak
	for trial in crash hostile scale soak; do $(BIN)/python -m tests.trials $$trial || exit 1; done

lock: .venv/core        ## resolve the dependencies anew
	$(BIN)/pip install -q 'uv>=0.9,<1'
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --extra otel --universal --no-emit-index-url --no-header -o requirements.lock

.venv/core: pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setting up .venv (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c requirements.lock -e .
	@touch $@

.venv/dev: .venv/core
	@echo "adding what the tests need (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv out .pytest_cache .ruff_cache .hypothesis .foreign
