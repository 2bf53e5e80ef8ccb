#!/usr/bin/env bash
# The checks of .pre-commit-config.yaml, without a network: flake8, isort and
# yapf as configured in setup.cfg. `bash tools/lint.sh --fix` lets isort and
# yapf change the files.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    [ ! -x .venv/bin/python ] || PYTHON=.venv/bin/python
fi
paths=(setup.py mmseg_ext configs tools tests)
isort=(--check-only --diff)
yapf=(--diff)
if [ "${1:-}" = --fix ]; then
    isort=()
    yapf=(--in-place)
fi

status=0
for check in flake8 isort yapf; do
    "$PYTHON" -c "import $check" 2>/dev/null || {
        echo "error: $PYTHON has no $check; run bash tools/run_tests.sh once," \
            "or pip install -e '.[dev]'." >&2
        exit 1
    }
done
echo '==> isort'
"$PYTHON" -m isort -q ${isort[@]+"${isort[@]}"} "${paths[@]}" || status=1
echo '==> yapf'
"$PYTHON" -m yapf --recursive --parallel "${yapf[@]}" "${paths[@]}" || status=1
echo '==> flake8'
"$PYTHON" -m flake8 "${paths[@]}" || status=1
[ $status = 0 ] && echo 'clean'
exit $status
