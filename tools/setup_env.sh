#!/usr/bin/env bash
# Sourced by quickstart.sh and run_tests.sh: makes .venv and installs into it.
#
#   setup_env stock   what training needs
#   setup_env dev     everything that the tests need as well
#
# Leaves the environment's interpreter in VENV_PYTHON. A stamp in .venv tells
# what is installed; as long as it holds, nothing is done. Environment:
#   PYTHON            interpreter to make .venv with (default: python3)
#   VENV              where the environment lies (default: .venv)
#   TORCH_INDEX_URL   package index to take PyTorch from

# On Linux the PyTorch of the common index is a CUDA build of several GB.
CPU_TORCH_INDEX=https://download.pytorch.org/whl/cpu

say() { printf '\n==> %s\n' "$*"; }

fail() {
    printf '\nerror: %s\n' "$*" >&2
    exit 1
}

python_is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' \
        >/dev/null 2>&1
}

find_python() {
    local name
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null ||
            fail "PYTHON=$PYTHON is not a program that can be run."
        python_is_supported "$PYTHON" ||
            fail "PYTHON=$PYTHON is $("$PYTHON" --version 2>&1), but Python" \
                "3.10 to 3.13 is needed."
        return
    fi
    for name in python3 python3.13 python3.12 python3.11 python3.10 python; do
        if command -v $name >/dev/null && python_is_supported $name; then
            PYTHON=$name
            return
        fi
    done
    fail "no Python 3.10 to 3.13 was found (python3 is" \
        "$(python3 --version 2>&1 || true)); install one, or name it by" \
        "PYTHON=/path/to/python."
}

make_venv() {
    if [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -m pip --version \
        >/dev/null 2>&1; then
        python_is_supported "$VENV/bin/python" ||
            fail "$VENV holds $("$VENV/bin/python" --version 2>&1), but" \
                "Python 3.10 to 3.13 is needed: delete it and call again."
        return
    fi
    find_python
    "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        fail "$PYTHON has no working venv module; on Debian or Ubuntu install" \
            "it by: sudo apt install python$("$PYTHON" -c \
            'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    say "Making $VENV with $("$PYTHON" --version 2>&1)"
    "$PYTHON" -m venv --clear "$VENV" ||
        fail "$PYTHON -m venv $VENV failed; its message is above."
}

# Usage: need_disk_space GIGABYTES
need_disk_space() {
    local free
    free=$(df -Pk "$VENV" | awk 'NR == 2 {print int($4 / 1048576)}')
    [ "$free" -ge "$1" ] ||
        fail "installing needs $1 GB of disk space in $VENV, but $free GB" \
            "are free."
}

pip_install() {
    local log="$VENV/install.log" output
    echo "+ pip install $*" >>"$log"
    output=$("$VENV_PYTHON" -m pip install --disable-pip-version-check \
        --progress-bar off --constraint requirements/constraints.txt "$@" \
        2>&1 | tee -a "$log") && return
    case $output in
        *'No space left on device'* | *'Disk quota exceeded'*)
            fail "the disk is full; free some space and call again."
            ;;
        *'connection broken'* | *'Max retries exceeded'* | *'timed out'* | \
            *'unreachable'* | *ProxyError*)
            fail "the package index cannot be reached; check the network (or" \
                "PIP_INDEX_URL and the proxy settings) and call again."
            ;;
    esac
    tail -n 15 <<<"$output" >&2
    fail "pip could not install $*; the whole output is in $log."
}

has_nvidia_driver() {
    command -v nvidia-smi >/dev/null || [ -e /proc/driver/nvidia/version ]
}

# Usage: install_torch PACKAGE...
install_torch() {
    local index=() space=8
    if [ -n "${TORCH_INDEX_URL:-}" ]; then
        say "Installing PyTorch from $TORCH_INDEX_URL"
        index=(--index-url "$TORCH_INDEX_URL")
    elif [ "$(uname -s)" != Linux ]; then
        say "Installing PyTorch"
        space=3
    elif has_nvidia_driver; then
        say "Installing PyTorch with CUDA (several GB)"
    else
        say "Installing PyTorch for the CPU, as there is no NVIDIA driver" \
            "(TORCH_INDEX_URL chooses another build)"
        # Where this index cannot be reached, pip takes the common one.
        index=(--extra-index-url "$CPU_TORCH_INDEX" --retries 1)
        space=3
    fi
    need_disk_space $space
    # Without dependencies: the next step resolves them from the common index.
    pip_install --no-deps ${index[@]+"${index[@]}"} "$@"
}

# What an installation depends on: a change of it makes the stamp stale.
environment_key() {
    "$VENV_PYTHON" - <<'PY'
import hashlib
import os
import sys

key = hashlib.sha256(f'{sys.version} {os.getcwd()}'.encode())
for name in ('setup.cfg', 'setup.py', 'pyproject.toml',
             'requirements/constraints.txt'):
    with open(name, 'rb') as file:
        key.update(file.read())
print(key.hexdigest())
PY
}

# Usage: setup_env stock|dev
setup_env() {
    local extras torch_packages=(torch) key stamp
    VENV=${VENV:-.venv}
    case $1 in
        stock) extras=stock ;;
        dev) extras=all,dev torch_packages=(torch torchvision) ;;
        *) fail "setup_env takes stock or dev, found '$1'." ;;
    esac
    make_venv
    VENV_PYTHON="$VENV/bin/python"
    key=$(environment_key)
    for stamp in "$VENV/.mmseg_ext-$1" "$VENV/.mmseg_ext-dev"; do
        if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then
            say "$VENV is up to date"
            return
        fi
    done
    : >"$VENV/install.log"
    say "Installing the build tools (the output of pip goes to" \
        "$VENV/install.log)"
    pip_install setuptools wheel
    install_torch "${torch_packages[@]}"
    say "Installing mmseg_ext[$extras] and what it needs"
    # Without isolation: the build tools are there, and nothing else is needed.
    pip_install --no-build-isolation --editable ".[$extras]"
    echo "$key" >"$VENV/.mmseg_ext-$1"
}
