"""Turn a checkpoint of the official DANet code into one of MMSegmentation.

The model must have ``backbone=dict(type='ResNet')`` without deep stem, as
configs/danet/danet_official_*.py have it.
"""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.models.utils.danet_checkpoint import convert_danet  # noqa: E402
from mmseg_ext.models.utils.official_checkpoint import \
    run_converter  # noqa: E402

if __name__ == '__main__':
    run_converter('DANet', convert_danet)
