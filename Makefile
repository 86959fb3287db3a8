PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test soak bench check lock clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/demo.ok ## start everything on this machine and say what to open
	@exec $(BIN)/treuepass demo $(ARGS)

# Whoever keeps Python from writing down what it compiled has every process of the tests compile all of it again.
test soak: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/test.ok ## run the whole test suite (starts its own PostgreSQL and Redis)
	$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

soak: $(VENV)/test.ok ## try the ledger against its model, the API against its document and a year of offers for hours (SEED=1 EXAMPLES=5000 CALLS=200 CARDS=2000 DAYS=370)
	@SEED=$${SEED:-$$(date +%s)} EXAMPLES=$${EXAMPLES:-5000} CALLS=$${CALLS:-200} CARDS=$${CARDS:-2000} DAYS=$${DAYS:-370} && \
		export SEED EXAMPLES CALLS CARDS DAYS && echo "SEED=$$SEED EXAMPLES=$$EXAMPLES CALLS=$$CALLS CARDS=$$CARDS DAYS=$$DAYS" && \
		$(BIN)/pytest -s -v --durations=0 -o faulthandler_timeout=0 tests/issuer/test_ledger_model.py tests/web/test_api_schemathesis.py \
			tests/issuer/test_simulated_cafe.py $(ARGS)

bench: $(VENV)/demo.ok ## measure stamping, sealing, fetching, a rollout, offers and storms of pushes, write benchmarks/RESULTS.md (fifteen minutes on an idle machine)
	$(BIN)/python -m benchmarks.stamping --results benchmarks/RESULTS.md $(ARGS)
	@! command -v npm >/dev/null || npm ci --silent --prefix benchmarks/node
	$(BIN)/python -m benchmarks.sealing --results benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.fetching --results benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.fanout --results benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.rollout
	$(BIN)/python -m benchmarks.redesign --results benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.offers --results benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.offer_campaign --results benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.google_storm --cards 1000 --results benchmarks/RESULTS.md

check: $(VENV)/test.ok ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: ## write requirements/*.txt anew from pyproject.toml (needs uv)
	$(LOCK) -U --extra demo -o requirements/demo.txt
	$(LOCK) -c requirements/demo.txt -o requirements/service.txt
	$(LOCK) --extra demo --extra test -c requirements/demo.txt -o requirements/test.txt

clean: ## remove .venv and caches (not var/, where the demo keeps its data)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "treuepass needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/demo.ok: requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV) (about 100 MB; a minute or so on a good line) ..."
	$(BIN)/pip install --quiet --require-hashes -r requirements/demo.txt
	$(BIN)/pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/test.ok: requirements/test.txt $(VENV)/demo.ok
	@echo "Installing the test tools ..."
	$(BIN)/pip install --quiet --require-hashes -r requirements/test.txt
	@touch $@
