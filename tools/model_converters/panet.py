"""Turn a checkpoint of the official PANet code into one of MMDetection.

The model must be one of configs/panet/*_official.py.
"""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.models.utils.official_checkpoint import \
    run_converter  # noqa: E402
from mmseg_ext.models.utils.panet_checkpoint import convert_panet  # noqa: E402

if __name__ == '__main__':
    run_converter('PANet', convert_panet, key='model')
