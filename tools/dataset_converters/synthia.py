"""Convert the labels of SYNTHIA-RAND-CITYSCAPES to classes of Cityscapes.

Unpack the download; its folder has ``RGB`` and ``GT/LABELS``. Then::

    python tools/dataset_converters/synthia.py data/synthia

adds ``GT/LABELS/*_labelTrainIds.png``, ``class_counts.json`` (for rare class
sampling) and ``splits/all.txt``. A run that was stopped goes on.
"""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
from mmseg_ext.datasets.convert_download import convert_download  # noqa: E402
from mmseg_ext.datasets.synthia import SYNTHIADataset  # noqa: E402
from mmseg_ext.datasets.transforms.load_synthia_annotations import \
    read_synthia_label  # noqa: E402

if __name__ == '__main__':
    convert_download(
        __doc__,
        'RGB',
        'GT/LABELS',
        dataset=SYNTHIADataset,
        read=read_synthia_label,
        num_images=9400)
