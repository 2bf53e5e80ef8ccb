"""Draw images, ground truth and the predictions of several models.

Example::

    python tools/analysis_tools/compare_predictions.py out.png \
        --run supervised CONFIG CHECKPOINT --run ELN CONFIG CHECKPOINT
"""
import argparse
import os
import sys
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from PIL import Image, ImageDraw, ImageFont

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

# Ahead of mmseg, which may need what it mends.
import mmseg_ext  # noqa: E402, F401

# isort: split
from mmseg.apis import init_model  # noqa: E402
from mmseg.registry import DATASETS  # noqa: E402

MARGIN = 8
LINE = 22
MIN_WIDTH = 256


def paint(labels: np.ndarray, palette: list) -> Image.Image:
    """Colour a label map; labels without a colour become black.

    Args:
        labels (np.ndarray): Class ids, [H, W].
        palette (list): RGB colour of each class.

    Returns:
        Image.Image: RGB image of W x H.
    """
    colours = np.zeros((256, 3), dtype=np.uint8)
    colours[:len(palette)] = palette
    return Image.fromarray(colours[labels.astype(np.uint8)])


def sample_indices(total: int, count: int) -> list:
    """Spread ``count`` indices evenly over ``total`` images."""
    count = min(count, total)
    return [(2 * i + 1) * total // (2 * count) for i in range(count)]


@torch.no_grad()
def predict(cfg: Config, checkpoint: str, indices: list, device: str) -> list:
    """Predict some validation images.

    Args:
        cfg (Config): Config of the run.
        checkpoint (str): Its checkpoint.
        indices (list[int]): Places of the images in the validation set.
        device (str): Such as ``'cpu'``.

    Returns:
        list[SegDataSample]: Data samples with ``pred_sem_seg``.
    """
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    model = init_model(cfg.copy(), checkpoint, device=device)
    return [
        model.test_step(pseudo_collate([dataset[i]]))[0].cpu() for i in indices
    ]


def draw_grid(rows: list, titles: list, classes: list,
              palette: list) -> Image.Image:
    """Put pictures into a grid with titles above and one legend below.

    Args:
        rows (list[list[Image.Image]]): Pictures by row and column. Small ones
            are enlarged by a whole factor.
        titles (list[str]): One for each column.
        classes (list[str]): Names in the legend.
        palette (list): Their RGB colours.

    Returns:
        Image.Image: The sheet.
    """
    width, height = rows[0][0].size
    factor = max(1, -(-MIN_WIDTH // width))
    cell = width * factor, height * factor
    step = cell[0] + MARGIN, cell[1] + MARGIN
    font = ImageFont.load_default(size=14)
    entry = max(int(font.getlength(name)) for name in classes) + 2 * LINE
    sheet_width = step[0] * len(titles) + MARGIN
    per_line = max(1, (sheet_width - MARGIN) // entry)
    legend_top = MARGIN + LINE + step[1] * len(rows)
    lines = -(-len(classes) // per_line)
    sheet = Image.new('RGB', (sheet_width, legend_top + lines * LINE + MARGIN),
                      'white')
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        left = MARGIN + column * step[0]
        draw.text((left, MARGIN), title, fill='black', font=font)
        for row, pictures in enumerate(rows):
            sheet.paste(
                pictures[column].resize(cell, Image.Resampling.NEAREST),
                (left, MARGIN + LINE + row * step[1]))
    for i, (name, colour) in enumerate(zip(classes, palette)):
        left = MARGIN + i % per_line * entry
        top = legend_top + i // per_line * LINE
        draw.rectangle((left, top + 2, left + 14, top + 16),
                       fill=tuple(colour),
                       outline='black')
        draw.text((left + LINE, top), name, fill='black', font=font)
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('out', help='picture to write')
    parser.add_argument(
        '--run',
        action='append',
        nargs=3,
        required=True,
        metavar=('NAME', 'CONFIG', 'CHECKPOINT'),
        help='a model to show; the images are those of the first one')
    parser.add_argument('--num', type=int, default=4, help='number of images')
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    if args.num < 1:
        parser.error(f'--num is {args.num}: expected an integer >= 1')

    configs = [Config.fromfile(config) for _, config, _ in args.run]
    init_default_scope(configs[0].get('default_scope', 'mmseg'))
    dataset = DATASETS.build(configs[0].val_dataloader.dataset)
    classes, palette = dataset.metainfo['classes'], dataset.metainfo['palette']
    indices = sample_indices(len(dataset), args.num)
    results = [
        predict(cfg, checkpoint, indices, args.device)
        for cfg, (_, _, checkpoint) in zip(configs, args.run)
    ]
    rows = []
    for samples in zip(*results):
        maps = [samples[0].gt_sem_seg, *(s.pred_sem_seg for s in samples)]
        rows.append([
            Image.open(samples[0].img_path).convert('RGB'),
            *(paint(m.data[0].numpy(), palette) for m in maps)
        ])
    titles = ['image', 'ground truth', *(name for name, _, _ in args.run)]
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f'.{out.name}')
    sheet = draw_grid(rows, titles, [*classes, 'void'], [*palette, (0, 0, 0)])
    sheet.save(temporary, format='PNG')
    os.replace(temporary, out)
    print(f'wrote {out}')


if __name__ == '__main__':
    main()
