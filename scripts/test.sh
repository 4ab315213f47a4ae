#!/usr/bin/env bash
# What 'make test' and .ci/run do: installs what is missing and runs every test that can run here.
# pytest's closing line is the last one, its exit code is the exit code.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

scripts/install.sh emulation train test
scripts/ryu.sh || [ $? = 3 ] # 3: no Python that Ryu runs on; its tests say so and are skipped
exec .venv/bin/python -m pytest --all "$@"
