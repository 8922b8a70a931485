# What a developer calls. `make help` lists it.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
TOOLS := .tools/bin
export PATH := $(CURDIR)/$(TOOLS):$(PATH)

.PHONY: help setup setup-e2e setup-image tools demo test golden docs check format bench dist wheels image clean

help: ## list these targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: $(VENV)/.installed tools ## install Python packages into .venv and helm, kustomize, registry into .tools/bin

setup-e2e: $(VENV)/.installed ## setup, and a whole Argo CD for the end-to-end tests: built once, ten minutes
	@command -v redis-server >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update \
		&& apt-get -qq install --yes --no-install-recommends redis-server; } \
	|| { echo "redis-server is not on PATH: install the redis-server package of your distribution" >&2; exit 1; }
	@PATH="$$PATH:/usr/sbin" command -v sshd >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update \
		&& apt-get -qq install --yes --no-install-recommends openssh-server; } \
	|| { echo "sshd is not on PATH: install the openssh-server package of your distribution" >&2; exit 1; }
	@$(PYTHON) tools/install.py --into $(TOOLS) --e2e

# What podman and runc are started by, where no engine answers; and the maker of a base image.
ENGINE := podman runc conmon netavark aardvark-dns catatonit mmdebstrap

setup-image: $(VENV)/.installed ## for tests of the image: podman, where no engine answers, and a Debian as base
	@{ command -v podman && command -v runc && command -v mmdebstrap; } >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update \
		&& DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $(ENGINE); } \
	|| { echo "podman, runc and mmdebstrap are not on PATH: install the packages $(ENGINE)" >&2; exit 1; }
	@$(RUN)/python -m release.base

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 setup")'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

tools: ## helm, kustomize, registry: from PATH where the version fits, else built once
	@$(PYTHON) tools/install.py --into $(TOOLS)

demo: setup ## index a registry and render the guestbook with its newest image
	@$(RUN)/python -m demo

test: setup ## all tests
	$(RUN)/coverage erase
	$(RUN)/coverage run -m pytest $(PYTEST_ARGS)
	$(RUN)/coverage combine --quiet
	$(RUN)/coverage report

golden: setup ## write what tests/cases/render and convert expect anew; look at the difference
	CMP_GOLDEN=write $(RUN)/python -m pytest -q tests/test_golden.py tests/convert/test_shapes.py
	git status --short tests/cases/render tests/cases/convert

docs: $(VENV)/.installed ## write the tables in the documents anew, from those of the code
	$(RUN)/python -m docs

check: setup ## formatting, lint, types, layers
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/mypy tools/install.py
	$(RUN)/lint-imports --no-logo

format: $(VENV)/.installed ## format the code
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

bench: setup ## our own cost over bare helm and kustomize; time to decide; passes of the refresher
	@$(RUN)/python -m bench

dist: $(VENV)/.installed ## the wheel and the sdist, in dist/
	rm -rf dist
	$(RUN)/python -m build --no-isolation --outdir dist .

wheels: $(VENV)/.installed ## what the image is made of, in build/wheels; MACHINE=aarch64 for that one
	@$(RUN)/python -m release.wheels --machine '$(MACHINE)'

image: $(VENV)/.installed ## build the image; BASE=made on what `make setup-image` made, or on BASE=<image>
	@$(RUN)/python -m release.image --base '$(BASE)'

clean: ## remove what make made here (not the cache of built tools)
	rm -rf $(VENV) .tools build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
