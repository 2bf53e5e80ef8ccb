#!/usr/bin/env bash
# Builds the wheel, installs it into a clean environment and trains from it
# outside the clone: through our launcher with a base `mmseg_ext::...`, and
# through `mim train mmseg_ext`. Needs a network; takes a few minutes.
#
#   bash tools/check_wheel.sh [FOLDER]     FOLDER is kept (default: a temporary)
#
# Environment: see tools/setup_env.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/setup_env.sh

if [ $# -gt 0 ]; then
    mkdir -p "$1"
    folder=$(cd "$1" && pwd)
else
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
VENV="$folder/venv"
make_venv
VENV_PYTHON="$VENV/bin/python"

say "Building the wheel"
pip_install setuptools wheel
rm -rf "$folder/dist" "$folder/source" "$folder/run"
mkdir "$folder/source" "$folder/run"
# A copy: building leaves its folders beside the sources.
cp -R LICENSE MANIFEST.in README.md configs mmseg_ext model-index.yml \
    pyproject.toml requirements setup.cfg setup.py tools "$folder/source"
"$VENV_PYTHON" -m pip wheel "$folder/source" --no-deps --no-build-isolation \
    --wheel-dir "$folder/dist" >>"$VENV/install.log" 2>&1 ||
    fail "building the wheel failed; the whole output is in" \
        "$VENV/install.log."
wheel=$(echo "$folder"/dist/*.whl)

install_torch torch
say "Installing $(basename "$wheel") and MIM"
pip_install "$wheel[stock]"
# In a folder that was kept, pip finds the same version installed already.
pip_install --no-deps --force-reinstall "$wheel"
# One of MIM's dependencies asks for a setuptools that torch refuses.
pip_install --no-deps openmim
pip_install click colorama model-index pandas requests rich tabulate

say "Rendering ToyStreet"
bin=$(cd "$VENV/bin" && pwd)
cd "$folder/run"
tools=$("$bin/python" -c 'import mmseg_ext, os
print(os.path.join(os.path.dirname(mmseg_ext.__file__), ".mim", "tools"))')
case $tools in
    "$folder"/*) ;;
    *) fail "mmseg_ext was not imported from the wheel but from $tools." ;;
esac
"$bin/python" "$tools/dataset_converters/toystreet.py" data/toystreet \
    --num 32 --num-val 4

short=(train_cfg.max_iters=2 train_cfg.val_interval=2)
say "Training through the launcher, from a config on mmseg_ext::"
echo "_base_ = ['mmseg_ext::eln/eln_toystreet.py']" >user.py
"$bin/python" "$tools/train.py" user.py --work-dir user \
    --cfg-options "${short[@]}" >user.log 2>&1 ||
    { tail -n 15 user.log >&2 && fail "training failed."; }

say "Training by mim train mmseg_ext"
PATH="$bin:$PATH" mim train mmseg_ext eln_toystreet.py --work-dir mim \
    --cfg-options "${short[@]}" >mim.log 2>&1 ||
    { tail -n 15 mim.log >&2 && fail "mim train failed."; }

for run in user mim; do
    [ -s "$(cat $run/last_checkpoint)" ] || fail "$run left no checkpoint."
done
say "The wheel works"
