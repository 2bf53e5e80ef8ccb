"""Turn a checkpoint of the official FastFCN code into one of MMSegmentation.

Of EncNet, PSPNet and DeepLabV3 with JPU. The model must be one of
configs/fastfcn/*_official.py.
"""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.models.utils.fastfcn_checkpoint import \
    convert_fastfcn  # noqa: E402
from mmseg_ext.models.utils.official_checkpoint import \
    run_converter  # noqa: E402

if __name__ == '__main__':
    run_converter('FastFCN', convert_fastfcn)
