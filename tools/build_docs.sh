#!/usr/bin/env bash
# Builds the documentation into docs/en/_build and docs/zh_cn/_build; a warning,
# such as a link to nothing, is an error.
#
#   bash tools/build_docs.sh
#
# Environment: PYTHON (default: python3); VENV, the environment that Sphinx is
# installed in (default: .venv-docs).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
venv=${VENV:-.venv-docs}
if ! "$venv/bin/python" -c 'import myst_parser, sphinx_rtd_theme' 2>/dev/null; then
    echo "Installing Sphinx into $venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r requirements/docs.txt
fi
for language in en zh_cn; do
    "$venv/bin/python" -m sphinx --fail-on-warning --keep-going --quiet \
        -b html "docs/$language" "docs/$language/_build"
    echo "docs/$language/_build/index.html"
done
