#!/usr/bin/env bash
# Checks the suite on the maintained forks of the OpenMMLab packages: makes an
# environment with them, runs the tests of compat/ in it, and trains a few
# iterations of ELN, resumes and tests.
#
#   bash tools/check_onedl.sh [CONFIG] [arguments of tools/train.py]
#
# The forks come without compiled operators (their index has sources only, and
# a build without torch skips the operators), so mmseg_ext stands in for them.
# Environment: see tools/setup_env.sh; VENV defaults to .venv-onedl.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv-onedl}
. tools/setup_env.sh

FORKS=(onedl-mmengine==0.10.12 onedl-mmcv==2.3.6 onedl-mmsegmentation==1.4.2
    onedl-mmpretrain==1.3.6 onedl-mmdetection==3.5.1)

make_venv
VENV_PYTHON="$VENV/bin/python"
stamp="$VENV/.mmseg_ext-onedl"
key="$(environment_key) ${FORKS[*]}"
if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then
    say "$VENV is up to date"
else
    : >"$VENV/install.log"
    say "Installing the build tools (the output of pip goes to" \
        "$VENV/install.log)"
    pip_install setuptools wheel
    install_torch torch torchvision
    say "Installing ${FORKS[*]}"
    # Isolated builds, so that onedl-mmcv finds no torch and compiles nothing.
    # mmdet's imaug is for one transform that nothing here uses.
    pip_install "${FORKS[@]:0:4}"
    pip_install --no-deps "${FORKS[4]}"
    pip_install torch pycocotools scipy shapely six terminaltables tqdm pytest
    say "Installing mmseg_ext"
    pip_install --no-build-isolation --no-deps --editable .
    echo "$key" >"$stamp"
fi

export OMP_NUM_THREADS=1
"$VENV_PYTHON" -m mmseg_ext.collect_env

say "Testing compat"
"$VENV_PYTHON" -m pytest -q tests/test_compat

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
config=${1:-configs/eln/eln_toystreet.py}
say "Training $config"
