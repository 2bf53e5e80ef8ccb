"""Turn a checkpoint of the official BDL code into one of this package.

The official code (github.com/liyunsheng13/BDL) saves DeepLab-v2 with
ResNet-101 and one level of four rates, and CycleGANs in the layout of their
official code (github.com/junyanz/pytorch-CycleGAN-and-pix2pix): ``*_net_G_A``
makes target images, ``*_net_G_B`` source images, ``*_net_D_A`` judges target
images and ``*_net_D_B`` source images. The segmentor of ``CycleGAN_sem`` sums
two rates: ``--num-rates 2``, and ``dilations=(6, 12)`` in its config::

    python tools/model_converters/bdl.py gta5_deeplab.pth DST
    python tools/model_converters/bdl.py latest_net_G_A.pth DST \\
        --target2source latest_net_G_B.pth \\
        --discriminators latest_net_D_A.pth latest_net_D_B.pth
"""
import argparse
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.models.utils.cycle_gan_checkpoint import (  # noqa: E402
    convert_generator, convert_patch_discriminator, is_cycle_gan)
from mmseg_ext.models.utils.deeplabv2_converter import \
    convert_files  # noqa: E402
from mmseg_ext.models.utils.official_checkpoint import (  # noqa: E402
    load_official, save_converted)


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='segmentor, or generator of target images')
    parser.add_argument('dst', help='checkpoint to write')
    parser.add_argument(
        '--num-rates',
        type=int,
        choices=range(1, 5),
        default=4,
        help='rates of a segmentor to keep (default: 4)')
    parser.add_argument(
        '--target2source', metavar='FILE', help='generator of source images')
    parser.add_argument(
        '--discriminators',
        nargs=2,
        metavar=('TARGET', 'SOURCE'),
        help='discriminators of target and of source images')
    return parser.parse_args()


def convert_cycle_gan(args: argparse.Namespace) -> str:
    """Write a checkpoint of CycleGAN; gives back what it is."""
    parts = {
        'generators.source2target': convert_generator(load_official(args.src))
    }
    if args.target2source:
        parts['generators.target2source'] = convert_generator(
            load_official(args.target2source))
    for domain, path in zip(('target', 'source'), args.discriminators or ()):
        parts[f'discriminators.{domain}'] = convert_patch_discriminator(
            load_official(path))
    state_dict = {
        f'{name}.{key}': value
        for name, part in parts.items()
        for key, value in part.items()
    }
    save_converted(args.dst, state_dict, 'CycleGAN')
    return f'{args.dst}: {", ".join(parts)}'


def main() -> None:
    args = parse_args()
    if is_cycle_gan(load_official(args.src)):
        print(convert_cycle_gan(args))
    elif args.target2source or args.discriminators:
        raise ValueError(
            f'SRC {args.src!r} is no generator of CycleGAN, which '
            '--target2source and --discriminators go with.')
    else:
        print(convert_files('BDL', args.src, args.dst, args.num_rates))


if __name__ == '__main__':
    main()
