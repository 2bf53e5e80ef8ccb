#!/usr/bin/env bash
# Makes or reuses .venv and runs the tests in it.
#
#   bash tools/run_tests.sh            all but the slow ones
#   bash tools/run_tests.sh --full     the slow ones as well
#   bash tools/run_tests.sh tests/test_engine -k stage    arguments of pytest
#
# Environment: see tools/setup_env.sh; JOBS is the number of processes
# (default: one per core).
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/setup_env.sh

setup_env dev
jobs=${JOBS:-$("$VENV_PYTHON" -c 'import os
print(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
      else os.cpu_count())')}
say "Running the tests in $jobs processes"
# One thread each: the processes would fight for the cores otherwise.
OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 "$VENV_PYTHON" -m pytest -n "$jobs" "$@"
