# make demo and make test do everything, from an empty machine on: environment, installation, then the job itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-long lint clean

demo: $(INSTALLED)
	$(BIN)/dancekit demo

test: $(INSTALLED) lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

test-long: $(INSTALLED)
	$(BIN)/python -m pytest --long

lint: $(INSTALLED)
	$(BIN)/ruff check dancekit tests examples
	$(BIN)/ruff format --check dancekit tests examples
	$(BIN)/pyright

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $(INSTALLED)

clean:
	rm -rf $(VENV) build dist *.egg-info demo
