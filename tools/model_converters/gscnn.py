"""Turn a checkpoint of the official Gated-SCNN code into one of mmseg_ext.

For configs/gscnn/gscnn_wrn38-d8_*_official.py, which sees the edges of the
normalised image as the authors' network does.
"""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.models.utils.gscnn_checkpoint import convert_gscnn  # noqa: E402
from mmseg_ext.models.utils.official_checkpoint import \
    run_converter  # noqa: E402

if __name__ == '__main__':
    run_converter('Gated-SCNN', convert_gscnn)
