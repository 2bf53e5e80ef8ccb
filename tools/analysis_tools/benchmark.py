"""Measure images per second with the stock tool of MMSegmentation.

The stock tool preprocesses as in training. Of a config on MMDetection that
takes masks of the image's own size for those of the resized one, so that such
a test pipeline is read without its labels, which no speed depends on.
"""
import argparse
import sys
import tempfile
from pathlib import Path

from mmengine.config import Config

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.utils.config_fields import type_name  # noqa: E402
from mmseg_ext.utils.stock_tools import run_stock_tool  # noqa: E402

TOOL = 'analysis_tools/benchmark.py'


def drop_labels(dataset: dict) -> None:
    """Take the loading of labels out of a data set's pipeline.

    Args:
        dataset (dict): Config of the data set, possibly a wrapper.
    """
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    dataset['pipeline'] = [
        transform for transform in dataset['pipeline']
        if type_name(transform) != 'LoadAnnotations'
    ]


def main() -> None:
    if {'-h', '--help'} & set(sys.argv):
        return run_stock_tool(TOOL)
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('config')
    # known here, so that their values are not taken for the config
    for option in ('--log-interval', '--work-dir', '--repeat-times'):
        parser.add_argument(option)
    path = parser.parse_known_args()[0].config
    cfg = Config.fromfile(path)
    if cfg.get('default_scope') != 'mmdet':
        return run_stock_tool(TOOL)
    drop_labels(cfg.test_dataloader.dataset)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, Path(path).name)
        cfg.dump(copy)
        sys.argv[sys.argv.index(path)] = str(copy)
        run_stock_tool(TOOL)


if __name__ == '__main__':
    main()
