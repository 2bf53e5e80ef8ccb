#!/usr/bin/env bash
# Usage: bash tools/dist_train.sh CONFIG GPUS [arguments of train.py ...]
#
# On several machines call it on each, with the number of machines in NNODES,
# this one's in NODE_RANK (from 0), the first one's address in MASTER_ADDR and
# a free port of it in PORT. PYTHON is the interpreter (default: python).
#
# A signal leaves the processes TORCH_ELASTIC_SHUTDOWN_TIMEOUT seconds (default:
# 600) to validate and save; those named in PET_SIGNALS_TO_HANDLE reach them.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: bash $0 CONFIG GPUS [arguments of train.py ...]" >&2
    exit 2
fi

CONFIG=$1
GPUS=$2
NNODES=${NNODES:-1}
NODE_RANK=${NODE_RANK:-0}
PORT=${PORT:-29500}
MASTER_ADDR=${MASTER_ADDR:-127.0.0.1}
TOOLS=$(dirname "$0")

# The module that the command torchrun starts, with a known interpreter, in
# place of this shell, which would end at a signal and hand none on.
PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}" \
TORCH_ELASTIC_SHUTDOWN_TIMEOUT="${TORCH_ELASTIC_SHUTDOWN_TIMEOUT:-600}" \
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="$NNODES" \
    --node_rank="$NODE_RANK" \
    --master_addr="$MASTER_ADDR" \
    --master_port="$PORT" \
    --nproc_per_node="$GPUS" \
    "$TOOLS/train.py" \
    "$CONFIG" \
    --launcher pytorch "${@:3}"
