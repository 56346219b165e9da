# Two commands: `make demo` shows the main job, `make test` checks everything. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo

.PHONY: help setup demo test test-extras fast lint clean
help:
	@echo "make demo   train, evaluate and predict on a generated data set (sets everything up first)"
	@echo "make test   format, lint, types, floors and all tests"
	@echo "make fast   the same without the slow tests"
	@echo "make test-extras   the tests of pages in a browser, where there is one"
	@echo "make clean  remove what these made"

# pip compiles on one core what all cores compile sooner; some files of others are templates, which nobody can compile.
setup: $(VENV)/.ready
$(VENV)/.ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint requirements.lock --editable ".[dev,tensorboard,ray]"
	$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $@

demo: export CONVWISE_HOME = $(CURDIR)/$(DEMO)/home
demo: setup
	rm -rf $(DEMO)/run
	$(BIN)/convwise data add shapes
	$(BIN)/convwise train shapes --out $(DEMO)/run
	$(BIN)/convwise predict $(DEMO)/run $(DEMO)/home/data/shapes/star --top 2 | head -5
	@echo "look at $(DEMO)/run: learning_curves.png, confusion_matrix.png, worst_mistakes.png"

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fast: lint
	$(BIN)/pytest -n auto --dist worksteal -m "not slow and not real"

# Fast tests first. Each worker gets neighbouring tests (worksteal), so that what a module's tests share is mostly made
# once. Those that measure memory do so in processes of their own, so that all can share the cores.
test: lint
	$(BIN)/pytest -n auto --dist worksteal -m "not slow and not real" --quiet
	$(BIN)/pytest -n auto --dist worksteal -m "slow or real" --durations 10

# The tests that need more than Python: what they need of it is installed here, a Chromium is the system's.
test-extras: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable ".[test-browser]"
	$(BIN)/pytest -m browser --quiet

clean:
	rm -rf $(VENV) $(DEMO) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
