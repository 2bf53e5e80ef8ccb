"""Convert the labels of GTA5 to the 19 classes of Cityscapes.

Unpack all parts of the download into one folder with ``images`` and
``labels``, then::

    python tools/dataset_converters/gta.py data/gta

adds ``labels/*_labelTrainIds.png``, ``class_counts.json`` (for rare class
sampling) and ``splits/all.txt``. A run that was stopped goes on.
"""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.datasets.convert_download import convert_download  # noqa: E402
from mmseg_ext.datasets.gta import GTADataset, read_gta_label  # noqa: E402

if __name__ == '__main__':
    convert_download(
        __doc__,
        'images',
        'labels',
        dataset=GTADataset,
        read=read_gta_label,
        num_images=24966)
