# Every target installs what it needs into a virtual environment ($(VENV)). You need Python 3.11 or newer, pip and make.
# Packages are installed again only when pyproject.toml has changed.
#
#   make PYTHON=/path/to/python3.13 test     another interpreter
#   make VENV=/tmp/venv test                 another folder for the virtual environment
#   make UVICORN_PORT=9000 GUNICORN_PORT=9001 demo
#   make ARGS="tests/core -k cookie" test    arguments for pytest (test) or for the scripts (bench, fuzz, proof)
#   make WORKERS=0 test                     one process instead of several
#   make NEWER=/srv/sid test-newer           another folder for Debian sid, about 1.3 GB

VENV ?= .venv
UVICORN_PORT ?= 8000
GUNICORN_PORT ?= 8001
ARGS ?=
# one more than there are cores: tests of real servers wait most of the time
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1)))
NEWER ?= /var/tmp/cardan-newer
NEWER_PYTHONS ?= python3.14 python3.15
USERCODE ?= $(or $(CARDAN_USERCODE),$(wildcard ../shared/usercode2))

# the versions that the tests pass on, the newest first
PYTHONS := 3.15 3.14 3.13 3.12 3.11
CANDIDATES := python3 $(addprefix python,$(PYTHONS)) python
ifndef PYTHON
PYTHON := $(shell for p in $(CANDIDATES); do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
endif

PY := $(VENV)/bin/python
BOOTSTRAP := $(VENV).bootstrap
# the files of a folder that are programs; other files are modules that the programs share
scripts = $(sort $(shell grep -ls '^if __name__ == "__main__":' $(1)/*.py))
PIP_QUIET := -qq --no-input --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help test test-newer demo check format bench bench-newer proof-newer early-answers interop interop-suites docs dist dist-test coverage mutation fuzz soak proof clean
.NOTPARALLEL:
.SUFFIXES:

help:
	@echo "make test    every test, including the examples in README and docs"
	@echo "make test-newer  the same on Python 3.14 and 3.15, with Debian sid in $(NEWER); needs root"
	@echo "make demo    one page under gunicorn (port $(GUNICORN_PORT)) and uvicorn (port $(UVICORN_PORT))"
	@echo "make check   ruff, mypy --strict, pyright"
	@echo "make format  let ruff fix what it can fix"
	@echo "make bench   benchmarks, side by side with other libraries"
	@echo "make bench-newer  the same on Python 3.14 and 3.15, as test-newer does"
	@echo "make early-answers  which browsers and clients see an answer that is sent before their upload was read"
	@echo "make interop  one application on every server, asked by every client: docs/explanation/interop.md"
	@echo "make interop-suites  the tests of Flask, Werkzeug and Quart with cardan's classes in the place of Werkzeug's"
	@echo "make docs    the manual, in docs/_build/html"
	@echo "make dist    the source distribution and the wheel, in dist"
	@echo "make dist-test  the tests of that source distribution, with that wheel installed in an environment of its own"
	@echo "make coverage  fails if the tests without real servers leave out a line or branch of the library"
	@echo "make mutation  small faults in the library, which the tests have to find; takes hours, can be interrupted"
	@echo "make fuzz    every fuzzer for a short while"
	@echo "make soak    an hour of load on real servers; writes soak/results.json, or for ARGS='--peer quart' soak/peers.json"
	@echo "make proof   long runs that try to break cardan; writes proof/*.json and docs/explanation/reliability.md"
	@echo "make proof-newer  the same on Python 3.14 and 3.15, as test-newer does"

# With no ARGS first a part without the fast paths (tests/fast_paths.py); the run of all tests ends the output.
# All tests run in several processes (xdist), all tests of one file in the same one: the examples of a page build on each
# other, and the fixtures of a module serve all its tests. If a test hangs, its process ends, and with it the run.
# Files that start real servers come first, so that no process waits for a long file at the end (tests/conftest.py).
PARALLEL = -n $(WORKERS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder --max-worker-restart 0
test: $(VENV)/.installed-test
ifeq ($(strip $(ARGS)),)
	@$(PY) -m pytest -q $(PARALLEL) --slow-paths tests/contract tests/core/request
	@$(PY) -m pytest $(PARALLEL)
else
	@$(PY) -m pytest $(ARGS)
endif

test-newer:
	@ARGS='$(ARGS)' .ci/newer $(NEWER) $(NEWER_PYTHONS)

bench-newer:
	@TARGET=bench ARGS='$(ARGS)' .ci/newer $(NEWER) $(NEWER_PYTHONS)

proof-newer:
	@TARGET=proof ARGS='$(ARGS)' .ci/newer $(NEWER) $(NEWER_PYTHONS)

demo: $(VENV)/.installed-demo
	@exec $(PY) examples/serve_both.py --uvicorn-port $(UVICORN_PORT) --gunicorn-port $(GUNICORN_PORT)

check: $(VENV)/.installed-lint
	@failed=; \
	$(PY) -m ruff check --quiet || failed="$$failed ruff"; \
	$(PY) -m ruff format --check --quiet || failed="$$failed format(run: make format)"; \
	$(PY) -m mypy --no-error-summary || failed="$$failed mypy"; \
	$(if $(USERCODE),(cd $(USERCODE) && MYPYPATH=$(CURDIR)/src $(abspath $(PY)) -m mypy --strict --no-error-summary \
		--cache-dir=$(CURDIR)/.mypy_cache/usercode .) || failed="$$failed mypy(users)";) \
	$(PY) -m pyright --pythonpath $(PY) || failed="$$failed pyright"; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

format: $(VENV)/.installed-lint
	@$(PY) -m ruff check --fix --quiet || true
	@$(PY) -m ruff format --quiet

# a short run of all benchmarks, which writes the tables of benchmarks/README.md; for the long run: make bench ARGS=" "
bench: $(VENV)/.installed-bench
	@$(PY) benchmarks/report.py $(or $(ARGS),--quick)

# uses the browsers of Debian: apt-get install chromium chromium-driver firefox-esr curl
early-answers: $(VENV)/.installed-test
	@$(PY) benchmarks/early_answers.py $(ARGS)

# further servers and clients of Debian: apt-get install nginx-light apache2 libapache2-mod-wsgi-py3 curl nodejs chromium
# chromium-driver
interop: $(VENV)/.installed-interop
	@$(PY) -m interop $(ARGS)

# The suites of other projects need the versions that they were written for: they have environments of their own, one for
# each of these groups. pip downloads their source distributions.
SUITES := suites suites-quart
interop-suites:
	@status=0; for group in $(SUITES); do venv=$(VENV).$$group; \
		$(MAKE) --silent --no-print-directory VENV=$$venv $$venv/.installed-$$group || exit 1; \
		$$venv/bin/python -m tests.suites --group $$group $(ARGS) || status=1; done; exit $$status

# the files of a release: the wheel is built from the source distribution, as pip would build it
dist: $(VENV)/.installed-build
	@rm -rf dist && mkdir -p dist/unpacked
	@$(PY) -m hatchling build --target sdist --directory dist
	@tar -xzf dist/cardan-*.tar.gz -C dist/unpacked --strip-components 1
	@cd dist/unpacked && $(abspath $(PY)) -m hatchling build --target wheel --directory ..
	@rm -r dist/unpacked

# the same files as a user gets them: see the script
dist-test: dist
	@PYTHON='$(PYTHON)' ARGS='$(PARALLEL) $(ARGS)' .ci/dist-test

# all pages are read each time: a build of the changed ones alone forgets the index entries of all others in its search
docs: $(VENV)/.installed-docs
	@$(PY) -m sphinx -M html docs docs/_build --fresh-env --fail-on-warning --keep-going --quiet $(ARGS)
	@echo "docs/_build/html/index.html"

# Coverage makes the tests slower: the hang guard is off. A real server is another process, whose lines are not counted.
coverage: $(VENV)/.installed-coverage
	@$(PY) -m pytest -q $(PARALLEL) -o faulthandler_timeout=0 -m "not real_server and not browser and not untraced" \
		--cov --cov-report=term --cov-fail-under=100 $(ARGS); \
	status=$$?; $(PY) -m proof.coverage; exit $$status

fuzz: $(VENV)/.installed-test
	@status=0; for script in $(call scripts,fuzz); do \
		echo "== $$script"; $(PY) "$$script" $(ARGS) || status=1; done; exit $$status

# a new run goes on where the last one ended; ARGS="cardan.core._urls" takes one module, ARGS="--sample 40" takes 40 mutants
# of each package, at random
mutation: $(VENV)/.installed-mutation
	@$(PY) -m mutation $(ARGS)

# ARGS="slow_uploads --peer starlette" does the work of a part with another library; the page is written by make proof
soak: $(VENV)/.installed-test
	@$(PY) -m soak $(ARGS)

# ARGS="fuzz --inputs 1000000" is one of the runs with its options; with no ARGS all of them run
RUNS = $(filter-out page coverage,$(basename $(notdir $(call scripts,proof))))
proof: $(VENV)/.installed-test
ifeq ($(strip $(ARGS)),)
	@status=0; for name in $(RUNS); do echo "== $$name"; $(PY) -m proof.$$name || status=1; done; \
		$(PY) -m proof.page; exit $$status
else
	@$(PY) -m proof.$(strip $(ARGS)); status=$$?; $(PY) -m proof.page; exit $$status
endif

clean:
	@rm -rf $(VENV)/.installed-* dist docs/_build .mypy_cache .pytest_cache .ruff_cache

# Each target installs cardan and one dependency group of pyproject.toml. pip knows groups since 25.1, and the pip that comes
# with Python may be older: then a newer one is installed into the environment first.
$(VENV)/.installed-%: pyproject.toml | $(PY)
	@echo "setting up cardan and the group $* in $(VENV)" >&2
	@$(PY) -m pip install $(PIP_QUIET) 'pip>=25.1'
	@$(PY) -m pip install $(PIP_QUIET) --editable . --group $*
	@touch $@

# Debian's python3 has no ensurepip, and its pip must not change the system. Then virtualenv is installed into a folder of
# its own and makes the environment.
$(PY):
	@if [ -z "$(PYTHON)" ]; then \
		echo "cardan needs Python 3.11 or newer; found none of: $(CANDIDATES)." >&2; \
		echo "Say where it is: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "cardan needs Python 3.11 or newer, got: $$($(PYTHON) --version 2>&1) ($(PYTHON))." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
		rm -rf $(VENV) && \
		$(PYTHON) -m pip install $(PIP_QUIET) --target $(BOOTSTRAP) virtualenv && \
		PYTHONPATH=$(BOOTSTRAP) $(PYTHON) -m virtualenv --quiet $(VENV); \
		status=$$?; rm -rf $(BOOTSTRAP); exit $$status; }
