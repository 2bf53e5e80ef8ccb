"""Export the inference graph of a segmentor to ONNX and check it.

The graph takes a batch of normalised images and returns logits at their
size: what the data preprocessor does ahead and ``test_cfg`` behind it (sliding
windows, arg max) is left to the caller. Where ONNX Runtime is installed, its
output is held against PyTorch's. Needs the extra ``deploy``.

Examples::

    python tools/deployment/pytorch2onnx.py \\
        configs/danet/danet_toystreet.py iter_1000.pth --shape 96 128
"""
import argparse
import os
import os.path as osp
import sys
from importlib.util import find_spec
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

import mmseg_ext  # noqa: E402,F401  isort: skip  mends the stack first
import torch  # noqa: E402
from mmengine.config import Config, DictAction  # noqa: E402
from mmseg.apis import init_model  # noqa: E402


class InferenceGraph(torch.nn.Module):
    """Normalised images to logits at their size."""

    def __init__(self, segmentor) -> None:
        super().__init__()
        self.segmentor = segmentor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (N, 3, H, W) to logits (N, C, H, W)."""
        shape = images.shape[2:]
        meta = dict(
            ori_shape=shape,
            img_shape=shape,
            pad_shape=shape,
            padding_size=[0, 0, 0, 0])
        return self.segmentor.encode_decode(images, [meta] * len(images))


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument(
        'checkpoint', nargs='?', help='random weights where there is none')
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        default=(512, 1024),
        metavar=('H', 'W'),
        help='size of the images (default: 512 1024)')
    parser.add_argument('--batch-size', type=int, default=1)
    parser.add_argument('--output-file', default='model.onnx')
    parser.add_argument('--opset-version', type=int, default=18)
    parser.add_argument(
        '--tolerance',
        type=float,
        default=1e-4,
        help='largest difference to PyTorch, relative to the largest logit '
        '(default: 1e-4)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args()


def export(graph, images, path, opset_version):
    """Write the graph under a temporary name, then rename it."""
    part = f'{path}.part'
    try:
        torch.onnx.export(
            graph, (images, ),
            part,
            dynamo=True,
            external_data=False,
            opset_version=opset_version,
            input_names=['images'],
            output_names=['logits'],
            verbose=False)
        os.replace(part, path)
    finally:
        if osp.exists(part):
            os.remove(part)


def largest_difference(path, images, expected):
    """Relative difference of ONNX Runtime's output from the expected one."""
    import onnxruntime
    session = onnxruntime.InferenceSession(
        path, providers=['CPUExecutionProvider'])
    found, = session.run(None, dict(images=images.numpy()))
    scale = expected.abs().max().clamp(min=1e-12)
    return float((torch.from_numpy(found) - expected).abs().max() / scale)


def main():
    args = parse_args()
    missing = [name for name in ('onnx', 'onnxscript') if not find_spec(name)]
    if missing:
        raise SystemExit(f'Exporting needs {" and ".join(missing)}: install '
                         'them by pip install "mmseg_ext[deploy]".')
    if args.checkpoint and not osp.isfile(args.checkpoint):
        raise SystemExit(f'CHECKPOINT {args.checkpoint!r} is no file.')
    cfg = Config.fromfile(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    model = init_model(cfg, args.checkpoint, device='cpu').eval()
    graph = InferenceGraph(getattr(model, 'segmentor', model)).eval()
    torch.manual_seed(0)
    images = torch.randn(args.batch_size, 3, *args.shape)
    folder = osp.dirname(osp.abspath(args.output_file))
    os.makedirs(folder, exist_ok=True)
    with torch.no_grad():
        # Copied: a parameter of the graph would change with the model.
        expected = graph(images).clone()
        export(graph, images, args.output_file, args.opset_version)
    size = osp.getsize(args.output_file) / 2**20
    print(f'{args.output_file}: {size:.1f} MiB')
    if not find_spec('onnxruntime'):
        print('onnxruntime is not installed: the graph was not checked.')
        return
    difference = largest_difference(args.output_file, images, expected)
    print(f'largest difference to PyTorch, relative: {difference:.1e}')
    if not difference <= args.tolerance:
        raise SystemExit(f'{args.output_file} differs from PyTorch by '
                         f'{difference:.1e} of the largest logit, more than '
                         f'--tolerance {args.tolerance:.1e}.')


if __name__ == '__main__':
    main()
