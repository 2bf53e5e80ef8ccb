"""Turn a checkpoint of the official AdaptSegNet code into one of this package.

The official code (github.com/wasidennis/AdaptSegNet) saves DeepLab-v2 with
ResNet-101 (one or two classifiers) or VGG-16 and, of a training of its own,
the discriminators ``*_D1.pth`` (auxiliary) and ``*_D2.pth`` (main). All its
networks sum the first two rates only and leave the classifiers of the other
two as they were drawn, so those are dropped: build the heads with
``dilations=(6, 12)``.

The weights from which it starts need no conversion:
``backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=..., prefix=
'Scale'))``.
"""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.models.utils.deeplabv2_converter import \
    run_converter  # noqa: E402


def main() -> None:
    run_converter('AdaptSegNet', num_rates=2)


if __name__ == '__main__':
    main()
