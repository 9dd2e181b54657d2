# make demo | make test | make test-browser | make example | make check | make fix | make wheel
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test browser test-browser example check fix wheel clean

demo: $(VENV)/demo
	$(BIN)/advisor analyze --demo

# A process more than there are cores, for a third of the time tests wait for servers and commands; a file's tests stay together,
# for they share what is dear to set up. The processes that tests start needn't each compile the package.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/dev $(VENV)/wire
	$(BIN)/python -m pytest --numprocesses $(shell $(PYTHON) -c 'import os; print(os.cpu_count() + 1)') --dist loadfile --no-loadscope-reorder

# Debian's Chromium, installed where it is missing.
browser:
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }

test-browser: $(VENV)/dev browser
	BROWSER_TESTS=1 $(BIN)/python -m pytest tests/browser

# The demo's output under reports/example: run it again, keep its snapshot, write the files, take the screenshots.
example: $(VENV)/dev browser
	$(BIN)/python -m tests.refresh_example --demo
	$(BIN)/python -m tests.browser.refresh_screenshots

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fix: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(VENV)/dev
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# The test server's engine and the newest connector exclude each other.
$(VENV)/wire: tests/wire/requirements.txt | $(BIN)/python
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --requirement $< || { rm -rf $@; exit 1; }
	touch $@

$(VENV)/demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	touch $@

$(VENV)/dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/demo
