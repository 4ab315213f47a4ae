# Each target installs what it needs and is missing; with nothing missing that takes a second.
# ARGS goes to the command: make demo ARGS="--duration 20 --seed 3"

PYTHON_OF_VENV := .venv/bin/python
HEADWAY := .venv/bin/headway
ARGS ?=

.PHONY: help install demo test check fuzz bench policies ryu doctor clean
.DEFAULT_GOAL := install

install:  ## install everything into .venv
	@scripts/install.sh emulation quic train test

demo:  ## the main job: real AI traffic without and with Headway (root)
	@scripts/install.sh emulation train
	@$(HEADWAY) demo $(ARGS)

test:  ## every test that can run here (root for all of them)
	@scripts/test.sh $(ARGS)

check:  ## format, lint, types, import rules, fast tests
	@scripts/install.sh emulation train test
	@$(PYTHON_OF_VENV) -m ruff format --check .
	@$(PYTHON_OF_VENV) -m ruff check .
	@$(PYTHON_OF_VENV) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON_OF_VENV) -m pytest $(ARGS)

fuzz:  ## look for inputs that break a parser: make fuzz ARGS="http2 600"
	@scripts/fuzz.sh $(ARGS)

bench:  ## the figures of benchmarks/RESULTS.md (root)
	@scripts/install.sh bench emulation train test
	@scripts/ryu.sh || [ $$? = 3 ]
	@$(PYTHON_OF_VENV) -m benchmarks $(ARGS)

policies:  ## the shipped policies, from recorded matrices in $HEADWAY_DATA
	@scripts/install.sh train
	@scripts/policies.sh $(ARGS)

ryu:  ## .venv-ryu with a real Ryu 4.34
	@scripts/ryu.sh

doctor:  ## what is there, what is missing, and the command that mends it
	@scripts/install.sh emulation
	@$(HEADWAY) doctor $(ARGS)

clean:  ## remove what a killed run left behind (root)
	@scripts/install.sh emulation
	@$(HEADWAY) clean $(ARGS)

help:
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16
