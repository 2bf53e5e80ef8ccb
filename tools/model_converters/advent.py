"""Turn a checkpoint of the official ADVENT code into one of this package.

The official code (github.com/valeoai/ADVENT) saves DeepLab-v2 with ResNet-101,
whose main classifier, and auxiliary one if there is one, sum all four rates
(``dilations=(6, 12, 18, 24)``), and the discriminators of a training of its
own. The checkpoints of DADA's ADVENT baseline have the same layout.
"""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.models.utils.deeplabv2_converter import \
    run_converter  # noqa: E402


def main() -> None:
    run_converter('ADVENT', num_rates=4)


if __name__ == '__main__':
    main()
