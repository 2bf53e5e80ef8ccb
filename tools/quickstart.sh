#!/usr/bin/env bash
# From a fresh clone to a measured gain: makes .venv, installs, renders
# ToyStreet, trains the supervised baseline and ELN on the same few labels,
# prints their mIoU and draws their predictions.
#
#   bash tools/quickstart.sh [arguments of tools/train.py ...]
#
# What is done already is not done again: delete work_dirs/quickstart to train
# anew. Environment: see tools/setup_env.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/setup_env.sh

DATA=data/toystreet
WORK=work_dirs/quickstart
SUPERVISED=configs/eln/supervised_toystreet.py
ELN=configs/eln/eln_toystreet.py

# Usage: train NAME CONFIG [arguments of tools/train.py ...]
# Picks up where an interrupted call stopped, but only on the same code.
train() {
    local name=$1 config=$2 dir="$WORK/$1" key
    shift 2
    key=$(code_key "$config" "$@")
    if [ "$(cat "$dir/finished" 2>/dev/null)" = "$key" ]; then
        say "$name is trained already ($dir)"
        return
    fi
    if [ "$(cat "$dir/started" 2>/dev/null)" != "$key" ]; then
        rm -rf "$dir"
        mkdir -p "$dir"
        echo "$key" >"$dir/started"
    fi
    say "Training $name: $config (the whole log is $dir/train.log)"
    "$VENV_PYTHON" tools/train.py "$config" --work-dir "$dir" --resume "$@" \
        2>&1 |
        tee "$dir/train.log" |
        { grep --line-buffered -E 'Iter\(train\)|Iter\(val\).*mIoU' || true; } |
        sed -u "s/^/$name: /" ||
        {
            tail -n 15 "$dir/train.log" >&2
            fail "training $name stopped; the whole log is $dir/train.log."
        }
    echo "$key" >"$dir/finished"
}

# Usage: code_key ARGUMENT...
code_key() {
    "$VENV_PYTHON" - "$@" <<'PY'
import hashlib
import sys
from pathlib import Path

key = hashlib.sha256(repr(sys.argv[1:]).encode())
for folder in ('configs', 'mmseg_ext', 'requirements'):
    for path in sorted(Path(folder).rglob('*')):
        if path.suffix in ('.py', '.txt') and '.mim' not in path.parts:
            key.update(path.read_bytes())
print(key.hexdigest())
PY
}

SECONDS=0
setup_env stock
say "Rendering ToyStreet into $DATA"
"$VENV_PYTHON" tools/dataset_converters/toystreet.py "$DATA"
# Side by side with half of the cores each: these small networks gain little
# from a second thread.
threads=$(($("$VENV_PYTHON" -c 'import os; print(os.cpu_count() or 2)') / 2))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((threads > 0 ? threads : 1))}
# Jobs in the background do not hear Ctrl-C.
trap 'trap - INT TERM; kill 0' INT TERM
train supervised "$SUPERVISED" "$@" &
supervised_job=$!
train eln "$ELN" "$@" &
eln_job=$!
stopped=
wait "$supervised_job" || stopped=1
wait "$eln_job" || stopped=1
trap - INT TERM
[ -z "$stopped" ] || exit 1

say "Drawing predictions"
"$VENV_PYTHON" tools/analysis_tools/compare_predictions.py \
    "$WORK/predictions.png" \
    --run supervised "$SUPERVISED" "$(cat "$WORK/supervised/last_checkpoint")" \
    --run ELN "$ELN" "$(cat "$WORK/eln/last_checkpoint")" \
    >"$WORK/draw.log" 2>&1 || {
    tail -n 15 "$WORK/draw.log" >&2
    fail "drawing failed; the whole log is $WORK/draw.log."
}
say "Result after $((SECONDS / 60)) min $((SECONDS % 60)) s"
"$VENV_PYTHON" tools/analysis_tools/miou_table.py \
    "supervised=$WORK/supervised" "ELN=$WORK/eln" | tee "$WORK/table.txt"
printf '\npicture: %s\ntable:   %s\n' "$WORK/predictions.png" "$WORK/table.txt"
