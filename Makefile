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
	@echo "make test-extras   the tests of pages in a browser, of exports, servers, a cluster and the notebook"
	@echo "make clean  remove what these made"

# pip compiles on one core what all cores compile sooner; some files of others are templates, which nobody can compile.
setup: $(VENV)/.ready
$(VENV)/.ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint requirements.lock --editable ".[dev,tensorboard,web]"
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
	$(BIN)/pytest -n auto --dist worksteal -m "not slow and not real and not browser and not extras"

# Fast tests first. Each worker gets neighbouring tests (worksteal), so that what a module's tests share is mostly made
# once. Those that measure memory do so in processes of their own, so that all can share the cores.
test: lint
	$(BIN)/pytest -n auto --dist worksteal -m "not slow and not real and not browser and not extras" --quiet
	$(BIN)/pytest -n auto --dist worksteal -m "(slow or real) and not browser and not extras" --durations 10

# The tests in a browser, of exports, servers, a cluster and the notebook. What they need is installed where it can be; where there
# is no browser its tests are skipped, saying why. They are apart: a browser's process has an event loop that is running.
test-extras: setup
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint requirements.lock --editable ".[test-extras]" \
	  || echo "not all extras could be installed; the tests that need them will be skipped"
	@[ -n "$$CONVWISE_TEST_CHROMIUM$$(command -v chromium || command -v chromium-browser || command -v google-chrome)" ] \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get install -y -qq chromium >/dev/null; } \
	  || echo "there is no Chromium: install one (on Debian: apt-get install chromium), or name it in CONVWISE_TEST_CHROMIUM"
	$(BIN)/pytest -n 2 --dist worksteal -m "browser" --quiet
	$(BIN)/pytest -n 2 --dist worksteal -m "extras and not browser" --quiet

clean:
	rm -rf $(VENV) $(DEMO) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
