# `make help` lists the targets. Each works on a machine with Python >= 3.11, make and the network.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# A test run starts some two thousand Pythons: each would compile what it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test cases conformance conformance-publish check peers ray machine container check-c model mutants mutants-runtime mutants-peers fuzz acceptance soak \
	check-all cost bench bench-instructions bench-publish docs docs-archive docs-version docs-serve docs-shots site-check travels spec clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# An editable install by a path alone: the finder that setuptools puts there costs each start of a
# Python 15 ms.
BY_PATH = @for one in $(VENV)/lib/python*/site-packages/__editable__.gdproto-*.pth; do \
	[ ! -e "$$one" ] || echo "$(CURDIR)" > "$$one"; done

EMPTY :=
SPACE := $(EMPTY) $(EMPTY)
C_SOURCES := $(wildcard gdproto/c/*.[ch] gdproto/_generated/*.h dirty_runtime/sockets/*.[ch] dirty_runtime/arbiter/telemetry/*.c)

$(VENV)/installed: pyproject.toml $(C_SOURCES)
	@echo "== making $(VENV) and installing gdproto with its development tools"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[dev]'
	$(BY_PATH)
	@touch $@

demo: $(VENV)/installed  ## search the standard library's documentation through an arbiter
	@echo "== examples/demo.py"
	@$(BIN)/python examples/demo.py

test: $(VENV)/installed  ## install and run every test
	@command -v systemd-analyze > /dev/null || (apt-get update -qq && apt-get install --yes -qq systemd) > /dev/null || true
	@command -v valkey-server > /dev/null || command -v redis-server > /dev/null || (apt-get update -qq && apt-get install --yes -qq --no-install-recommends redis-server) > /dev/null || true
	@echo "== tests"
	$(BIN)/pytest --numprocesses auto --maxprocesses 8 --dist worksteal

cases: $(VENV)/installed  ## what the world does to a service, and what must be true then
	@$(BIN)/pytest tests/cases --numprocesses auto --maxprocesses 8

conformance: $(VENV)/installed  ## judge this project's peers and gunicorn's, by vectors and live
	$(BIN)/python -m workshop.subjects.codecs build/conformance
	$(BIN)/python -m workshop.subjects.peers build/conformance
	$(BIN)/gdproto conformance report build/conformance/*.jsonl --html build/conformance/matrix.html

conformance-publish: $(VENV)/installed  ## judge live, and put the results into the site
	$(BIN)/python -m workshop.subjects.peers docs/live

check: $(VENV)/installed  ## lint, types, import contracts, generated files
	@echo "== ruff"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@echo "== mypy --strict"
	$(BIN)/mypy
	@echo "== import contracts"
	$(BIN)/lint-imports
	@echo "== generated files"
	$(BIN)/python -m spec.codegen --check
	$(BIN)/python -m workshop.making --check
	$(BIN)/python -m workshop.subjects.peers --check docs/live
	@echo "== what the vectors owe, and what is proved"
	$(BIN)/python -m workshop.completeness.obligations
	$(BIN)/python -m workshop.completeness.proofs

peers: $(VENV)/installed  ## build, unit-test and judge the peers in other languages; PEERS="go rust" for some
	@$(BIN)/python -m workshop.peers $(PEERS)
	@$(if $(PEERS),,$(BIN)/python -m workshop.peers.pairs)
	@$(BIN)/pytest tests/peers $(if $(PEERS),-k "$(subst $(SPACE), or ,$(foreach one,$(PEERS),[$(one)] test_$(one)_ test_$(one).py))")

$(VENV)/ray: $(VENV)/installed
	@$(BIN)/pip install --quiet --editable '.[ray]' || echo "there is no Ray for this Python: its tests are skipped"
	$(BY_PATH)
	@touch $@

ray: $(VENV)/ray  ## tests of workers in a Ray cluster, of three nodes on this machine
	@$(BIN)/pytest tests/ray

machine: $(VENV)/installed  ## the units under systemd, and cgroups, in a machine of its own
	@command -v linux.uml > /dev/null || (apt-get update -qq && apt-get install --yes -qq --no-install-recommends user-mode-linux) > /dev/null
	@command -v /lib/systemd/systemd > /dev/null || apt-get install --yes -qq systemd > /dev/null
	$(BIN)/pytest tests/machine/under_systemd.py

container: $(VENV)/installed  ## the image and the pod of deploy/, built and run, on a Debian made of packages
	@command -v podman > /dev/null && command -v runc > /dev/null && command -v mmdebstrap > /dev/null || \
		(apt-get update -qq && apt-get install --yes -qq --no-install-recommends podman runc mmdebstrap) > /dev/null
	$(BIN)/pytest tests/container/in_a_container.py

check-c: $(VENV)/installed  ## the tests of what is in C on a build that watches its memory
	@echo "== AddressSanitizer and UndefinedBehaviorSanitizer"
	$(BIN)/python -m tests.gdproto.sanitize

acceptance: $(VENV)/installed  ## the situations that a service must survive, in full, against their bars
	@$(BIN)/python -m tests.acceptance
	@ROUNDS=5 $(BIN)/pytest --quiet tests/dirty_runtime/test_upgrade.py -k fail_no_call

soak: $(VENV)/installed  ## calls of all kinds under kills, stops, reloads, half frames, full disks: ten minutes, a balance
	@$(BIN)/python -m tests.acceptance.soak

cost: $(VENV)/installed  ## count what a small call costs client, worker and arbiter, with valgrind
	@$(BIN)/python -m tests.dirty_runtime.cost

model: $(VENV)/installed  ## go through every interleaving of a small arbiter with spin, and find each error brought back
	@command -v spin > /dev/null || (apt-get update -qq && apt-get install --yes -qq spin) > /dev/null
	@$(BIN)/python -m workshop.model $(ARGS)

mutants: $(VENV)/installed  ## judge the vectors: every broken codec must be told, ten minutes
	@$(BIN)/python -m workshop.mutants

mutants-runtime: $(VENV)/installed  ## judge the runtime's tests: of 300 broken runtimes, half an hour
	@$(BIN)/python -m workshop.mutants.runtime

mutants-peers: $(VENV)/installed  ## judge the vectors by 40 broken codecs each in Go, Rust and TypeScript; half an hour
	@$(BIN)/python -m workshop.peers.mutants

SECONDS := 60

fuzz: $(VENV)/installed  ## look for inputs that break a rule; SECONDS=60
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)
	@$(BIN)/python -m workshop.peers --fuzz $(PEERS)

check-all: check test cost peers ray machine container check-c mutants mutants-runtime mutants-peers fuzz acceptance soak  ## everything, in an hour and a half

bench: $(VENV)/installed  ## measure codecs, runtime and peers, about fifteen minutes; ARGS=--quick for one
	$(BIN)/python -m benchmarks $(ARGS)

bench-instructions: $(VENV)/installed  ## count the codec's instructions with valgrind
	$(BIN)/python -m benchmarks --only instructions $(ARGS)

bench-publish: $(VENV)/installed  ## measure, and put the results into README and site
	$(BIN)/python -m benchmarks --publish

docs: $(VENV)/installed  ## build the site into site/; a broken link or anchor fails
	$(BIN)/python -m mkdocs build --strict

docs-archive: docs  ## the site as dist/gdproto-docs.zip: unpack it, and run python -m http.server there
	@mkdir -p dist && $(BIN)/python -c "import shutil; shutil.make_archive('dist/gdproto-docs', 'zip', 'site')"

docs-version: $(VENV)/installed  ## commit the site of this version, beside those of others, to the branch gh-pages
	PYTHONPATH=. PATH="$(abspath $(BIN)):$$PATH" GDPROTO_DOCS_VERSIONS=mike $(BIN)/mike deploy --update-aliases $$($(BIN)/python -c "import gdproto; print(gdproto.__version__)") latest
	PYTHONPATH=. $(BIN)/mike set-default latest

$(VENV)/browser: $(VENV)/installed
	@command -v chromium > /dev/null || (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends chromium) > /dev/null
	@$(BIN)/pip install --quiet --editable '.[browser]'
	$(BY_PATH)
	@touch $@

site-check: $(VENV)/browser  ## click through the built site in a browser, which is installed if it is missing
	$(BIN)/pytest tests/browser

docs-shots: $(VENV)/browser docs  ## pictures of ten pages, light and dark, on a desktop and on a phone, into build/shots
	@$(BIN)/python -m tests.browser.shots site build/shots

travels: $(VENV)/installed  ## record anew how calls travel, for the site's drawings
	@$(BIN)/python -m workshop.drawings.travel

docs-serve: $(VENV)/installed  ## show the site, and what you change in it, at localhost:8000
	$(BIN)/python -m mkdocs serve

spec: $(VENV)/installed  ## write the generated files from spec/
	$(BIN)/python -m spec.codegen --write
	$(BIN)/python -m workshop.making --write

clean:  ## remove what the targets made
	@awk '$$2 ~ "^$(CURDIR)/build/container/" {print $$2}' /proc/mounts 2> /dev/null | tac | xargs -r umount
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
