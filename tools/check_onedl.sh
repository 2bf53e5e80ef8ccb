#!/usr/bin/env bash
# Checks the suite on the maintained forks of the OpenMMLab packages: makes an
# environment with them, runs the tests of compat/ in it, trains a few
# iterations of ELN, resumes and tests.
#
#   bash tools/check_onedl.sh
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
    pip_install torch "${FORKS[@]}" pytest
    say "Installing mmseg_ext"
    pip_install --no-build-isolation --no-deps --editable .
    echo "$key" >"$stamp"
fi

export OMP_NUM_THREADS=1 PYTHONWARNINGS=ignore
root=$PWD
python=$(cd "$(dirname "$VENV_PYTHON")" && pwd)/python
"$python" -m mmseg_ext.collect_env

say "Testing compat"
"$python" -m pytest -q tests/test_compat

# The configs read data/toystreet of the folder that they are run in.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
say "Rendering ToyStreet"
"$python" "$root/tools/dataset_converters/toystreet.py" data/toystreet \
    --num 32 --num-val 4
config="$root/configs/eln/eln_toystreet.py"
options=(train_cfg.val_interval=3 default_hooks.checkpoint.interval=3
    default_hooks.logger.interval=1 default_hooks.stage.stages.0.iters=2
    default_hooks.stage.stages.1.iters=2)

say "Training ELN for 6 iterations, two of each stage"
"$python" "$root/tools/train.py" "$config" --work-dir run \
    --cfg-options train_cfg.max_iters=6 "${options[@]}"
say "Resuming for 3 more"
"$python" "$root/tools/train.py" "$config" --work-dir run --resume \
    --cfg-options train_cfg.max_iters=9 "${options[@]}"
say "Testing what was trained"
"$python" "$root/tools/test.py" "$config" run/iter_9.pth --work-dir run

say "The suite works on ${FORKS[*]}"
