# Everything runs in .venv, which the first target that needs it makes; a second run does only what changed.
#
#   PYTHON   the Python (3.11 or newer) that makes .venv           make demo PYTHON=python3.12
#   TORCH    what pip is asked for as torch, options included      make test TORCH=./torch-2.13.0+cpu-….whl
#   JOBS     how many test processes run side by side              make test JOBS=4
#   TESTS    which tests                                           make test TESTS=tests/test_text_document.py

PYTHON ?= python3
TORCH  ?= torch==2.13.0
JOBS   ?= 2
TESTS  ?=

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip -qq --disable-pip-version-check
SAY  := @printf '\033[1m==> %s\033[0m\n'

# what is installed, and when
CORE := $(VENV)/.installed-core
DEV  := $(VENV)/.installed-dev

SOURCES := $(shell find src -type f -not -name '*.py[co]')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format types results clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

# an environment made for the tests runs the demo as well
demo: $(if $(wildcard $(DEV)),$(DEV),$(CORE)) ## tag a page of text: in the terminal, and as out/demo.html
	$(SAY) "onoma extract --file examples/page.txt"
	@$(BIN)/onoma extract --file examples/page.txt
	$(SAY) "onoma extract --file examples/page.txt --format html --out out/demo.html"
	@$(BIN)/onoma extract --file examples/page.txt --format html --out out/demo.html
	@echo "open out/demo.html in a browser"

test: $(DEV) ## run every test and every example in the documentation
	$(SAY) "pytest"
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

lint: $(DEV) ## ruff: mistakes and formatting
	$(SAY) "ruff check, ruff format --check"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: $(DEV) ## ruff: mend what can be mended
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

types: $(DEV) ## mypy --strict on src
	$(SAY) "mypy"
	@$(BIN)/mypy

results: $(DEV) ## train and measure again every figure of docs/results.md (hours)
	$(SAY) "benchmarks/results.py"
	@$(BIN)/python benchmarks/results.py

clean: ## remove what was made: .venv, out, caches
	rm -rf $(VENV) out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(SAY) "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Onoma needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(CORE): $(BIN)/python pyproject.toml $(SOURCES)
	$(SAY) "installing onoma, with what tagging text needs (no torch)"
	@$(PIP) install .
	@touch $@

# Editable, so a change of the sources needs no new install. Torch comes first and on its own, so that no other
# package brings in another build of it.
$(DEV): $(BIN)/python pyproject.toml
	$(SAY) "asking pip what $(TORCH) would bring"
	@plan=$$($(BIN)/python -m pip --disable-pip-version-check install --dry-run $(TORCH)) || exit 1; \
	case "$$plan" in *"Would install"*nvidia*|*"Would install"*cuda*|*"Would install"*triton*|*"Would install"*+cu*) \
	  echo "That is a CUDA build of torch, several GB of it, and the tests need none of it: nothing was installed."; \
	  echo "PyTorch's installation page gives the pip options for its CPU build; pass them on as TORCH, for example"; \
	  echo "  make test TORCH='$(TORCH) --index-url ADDRESS'     or     make test TORCH=./a-cpu-build.whl"; \
	  echo "A CUDA build is welcome too if you want one: install it into $(VENV) yourself, then make test TORCH=torch"; \
	  exit 1;; esac
	$(SAY) "installing $(TORCH)"
	@$(PIP) install $(TORCH)
	$(SAY) "installing onoma, with everything"
	@$(PIP) install --editable '.[dev]'
	@rm -f $(CORE)
	@touch $@
