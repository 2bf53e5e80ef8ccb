"""Count the operations of a model with the stock tool of MMSegmentation.

The stock tool reads ``cfg.model.decode_head``. An algorithm predicts with the
segmentor that it wraps and with nothing else, so that is what is counted.

A config on MMDetection goes to the tool of MMDetection, with its options: the
mean over validation images, since a RoI head works on what it finds.
"""
import argparse
import sys
import tempfile
from pathlib import Path

from mmengine.config import Config, DictAction

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmseg_ext.compat.model_complexity import batch_beside_shape  # noqa: E402
from mmseg_ext.utils import stock_tools  # noqa: E402

TOOL = 'analysis_tools/get_flops.py'


def main() -> None:
    if {'-h', '--help'} & set(sys.argv):
        return stock_tools.run_stock_tool(TOOL)
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('config')
    # known here, so that their values are not taken for the config
    parser.add_argument('--shape', nargs='+', default=[])
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    parser.add_argument('--num-images')  # of MMDetection's tool
    cfg = Config.fromfile(parser.parse_known_args()[0].config)
    if cfg.get('default_scope') == 'mmdet':
        return stock_tools.run_stock_tool(TOOL, package='mmdet')
    args = parser.parse_args()
    if args.num_images is not None:
        parser.error('--num-images is for configs on MMDetection, which '
                     f'{args.config} is not.')
    # Here, since the options name fields of the config as the user knows it.
    cfg.merge_from_dict(args.cfg_options or {})
    plain = Config(
        dict(
            model=stock_tools.inner_segmentor(cfg.model),
            default_scope='mmseg',
            custom_imports=dict(imports=['mmseg_ext'])))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, Path(args.config).stem + '.py')
        plain.dump(path)
        shape = ['--shape', *args.shape] if args.shape else []
        sys.argv = [sys.argv[0], str(path), *shape]
        with batch_beside_shape():
            stock_tools.run_stock_tool(TOOL)


if __name__ == '__main__':
    main()
