# make run opens the app, make test checks everything. Each makes .venv first, and is quick the second time.

SHELL := /bin/sh
# FILE and PYTHON reach the scripts by the environment, to which make hands what stands on its command line.
SETUP = python="$$(sh scripts/find_python.sh)" && "$$python" scripts/setup.py
VENV = .venv/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test setup check samples docs screenshots lessons bench fuzz soak zoo mutations rules icons constraints wheel clean

help: ## what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

setup: ## .venv with the pinned versions, and the system's libraries where they may be installed
	@$(SETUP) run

run: ## the app on the digits sample; make run FILE=model.pth opens yours
	@$(SETUP) run
	@$(VENV)/python -m inspector "$${FILE:---demo}"

test: ## all checks and all tests, as CI runs them
	@$(SETUP) test
	@$(MAKE) --no-print-directory check
	$(VENV)/pytest -n $(WORKERS) --dist loadfile

check: ## lint, format, layers and types, without the tests
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/lint-imports
	$(VENV)/mypy

samples: ## make the saved files in sample_models again
	@$(SETUP) run
	$(VENV)/python sample_models/make_samples.py

docs: ## write docs/messages.md from the messages themselves, and the limits in docs/security.md
	@$(SETUP) run
	$(VENV)/python scripts/message_reference.py
	$(VENV)/python scripts/security_limits.py

screenshots: ## take the pictures of README, guide and graphs from the real app, into docs/pictures
	@$(SETUP) run
	$(VENV)/python scripts/screenshots.py
	$(VENV)/python scripts/graph_pictures.py

lessons: ## write docs/lessons and take their pictures from the real app
	@$(SETUP) run
	$(VENV)/python scripts/lesson_pages.py

bench: ## measure what is claimed to be fast, beside its peers, and write docs/benchmarks.md
	@$(SETUP) bench
	$(VENV)/python scripts/write_benchmarks.py --date "$$(date +%F)"

fuzz: ## describe 20,000 mutated files and load some in real engines; prints a table, fails on any fault
	@$(SETUP) test
	$(VENV)/python tests/fuzz/fuzzing.py

soak: ## kill the engine of a window 100 times at random moments; prints how long until it was said, and what is left
	@$(SETUP) test
	$(VENV)/python tests/e2e/soaking.py

zoo: ## capture over a hundred real architectures, judge each, and write docs/zoo.md
	@$(SETUP) test
	$(VENV)/python scripts/zoo.py --workers $(WORKERS) --date "$$(date +%F)"

mutations: ## mutate healthy models 600 times, judge what is said first of each, and write docs/mutations.md
	@$(SETUP) test
	$(VENV)/python benchmarks/mutations.py

rules: ## ask every rule about faulty and healthy models and the zoo, and write docs/findings.md
	@$(SETUP) test
	$(VENV)/python scripts/rules_table.py --workers $(WORKERS) --date "$$(date +%F)"

icons: ## render the PNG icons from the SVG
	@$(SETUP) run
	$(VENV)/python scripts/render_icons.py

constraints: ## write constraints.txt from what is installed in .venv
	$(VENV)/python scripts/write_constraints.py

wheel: ## build the wheel into dist/
	@$(SETUP) run
	$(VENV)/python -m build --wheel --no-isolation

clean: ## remove .venv, caches and what was built
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
