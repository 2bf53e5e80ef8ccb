"""Turn a checkpoint of the official ADVENT code into one of this package.

The official code (github.com/valeoai/ADVENT) saves DeepLab-v2 with ResNet-101,
whose main classifier, and auxiliary one if there is one, sum all four rates
(``dilations=(6, 12, 18, 24)``), and the discriminators of a training of its
own. The checkpoints of DADA's ADVENT baseline have the same layout.
"""
from mmseg_ext.models.utils.deeplabv2_converter import run_converter


def main() -> None:
    run_converter('ADVENT', num_rates=4)


if __name__ == '__main__':
    main()
