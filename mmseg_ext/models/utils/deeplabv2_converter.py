"""The command that converts checkpoints of AdaptSegNet and ADVENT."""
import argparse
from typing import Sequence

from .deeplabv2_checkpoint import (convert_discriminator, convert_segmentor,
                                   count_classes, is_discriminator)
from .official_checkpoint import load_official, save_converted


def convert_files(code: str,
                  src: str,
                  dst: str,
                  num_rates: int,
                  discriminators: Sequence[str] = ()) -> str:
    """Convert files of the official code into one of this package.

    Args:
        code (str): Name of the code, for the meta information.
        src (str): Segmentor or, alone, a discriminator.
        dst (str): File to write: the plain segmentor, a discriminator, or,
            where ``discriminators`` are given, a :class:`DomainAdaptation`.
        num_rates (int): See :func:`convert_segmentor`.
        discriminators (Sequence[str]): Files in the order of
            ``model.adversaries``. Defaults to ().

    Returns:
        str: What was written, in one line.
    """
    official = load_official(src)
    if is_discriminator(official):
        if discriminators:
            raise ValueError(f'SRC {src!r} is a discriminator, to which '
                             '--discriminators adds none: give the segmentor '
                             'as SRC.')
        state_dict = convert_discriminator(official)
        inputs = state_dict['convs.0.weight'].shape[1]
        summary = f'a discriminator of {inputs} channels'
    else:
        state_dict = convert_segmentor(official, num_rates)
        heads = sorted({key.split('.')[0]
                        for key in state_dict} - {'backbone'})
        summary = (f'{" and ".join(heads)} of {count_classes(state_dict)} '
                   f'classes and {num_rates} rates')
    if discriminators:
        state_dict = {f'segmentor.{k}': v for k, v in state_dict.items()}
        for index, path in enumerate(discriminators):
            part = convert_discriminator(load_official(path))
            state_dict.update(
                (f'adversaries.{index}.discriminator.{key}', value)
                for key, value in part.items())
        summary += f', {len(discriminators)} discriminators'
    save_converted(dst, state_dict, code)
    return f'{dst}: {summary}'


def run_converter(code: str, num_rates: int) -> None:
    """The command of the converters.

    Args:
        code (str): Name of the official code.
        num_rates (int): Rates that it sums.
    """
    parser = argparse.ArgumentParser(
        description=f'Convert a checkpoint of the official {code} code, of '
        'a segmentor or of a discriminator, into one of mmseg_ext')
    parser.add_argument('src', help='checkpoint of the official code')
    parser.add_argument('dst', help='checkpoint to write')
    parser.add_argument(
        '--num-rates',
        type=int,
        choices=range(1, 5),
        default=num_rates,
        help='how many of the rates 6, 12, 18 and 24 to keep; the config has '
        f'to say so too in `dilations` (default: {num_rates}, as many as the '
        'official code sums)')
    parser.add_argument(
        '--discriminators',
        nargs='+',
        default=[],
        metavar='FILE',
        help='discriminators to write into the same file, in the order of '
        'model.adversaries; the result is then a checkpoint of '
        'DomainAdaptation and not of the plain segmentor')
    args = parser.parse_args()
    print(
        convert_files(code, args.src, args.dst, args.num_rates,
                      args.discriminators))
