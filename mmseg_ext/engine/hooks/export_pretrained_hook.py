import os.path as osp
from typing import Optional, Tuple

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS
from torch import nn

from ...models.utils.denoising_head import classifier_keys
from ...utils.atomic_io import atomic_open
from ..utils import unwrap_model


@HOOKS.register_module()
class ExportPretrainedHook(Hook):
    """Write what a pre-training leaves, for the plain segmentor to load.

    At every checkpoint and at the end: the weights of the segmentor without
    the projection, without optimiser, under the names of the stock
    segmentor. Of a plain segmentor, or one in another algorithm, trained on
    other classes, the classifiers of all heads are left out. Fine-tuning
    names the file in ``load_from``, or in the model's
    ``init_cfg=dict(type='Pretrained', checkpoint=...)``.

    Args:
        path (str, optional): File to write. Defaults to None,
            ``pretrained.pth`` in ``work_dir``.
        iteration (int, optional): The iteration whose checkpoint alone is
            exported. Defaults to None, every one and the last.

    Raises:
        TypeError: If the model has nothing to export.
    """

    # behind hooks that change weights
    priority = 'LOW'

    def __init__(self,
                 path: Optional[str] = None,
                 iteration: Optional[int] = None) -> None:
        self.path = path
        self.iteration = iteration

    def before_train(self, runner) -> None:
        """Check the algorithm."""
        model = unwrap_model(runner.model)
        if hasattr(model, 'pretrained_state_dict'):
            return
        segmentor, cfg = find_segmentor(model, _model_cfg(runner))
        if not hasattr(segmentor, 'decode_head') or 'decode_head' not in cfg:
            raise TypeError(
                'ExportPretrainedHook needs a segmentor with a decode_head, '
                'or an algorithm around one, but model is '
                f'{type(model).__name__}: remove the hook.')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Write beside a checkpoint."""
        if self.iteration in (None, runner.iter + 1):
            self._write(runner, runner.iter + 1)

    def after_train(self, runner) -> None:
        """Write at the end."""
        if self.iteration is not None:
            return
        path, dropped = self._write(runner, runner.iter)
        if path is not None:
            print_log(
                f'Wrote {path} for load_from of the plain segmentor; left out '
                f'is the classifier or projection, {", ".join(dropped)}.',
                logger='current')

    def _write(self, runner, iteration: int):
        path = self.path or osp.join(runner.work_dir, 'pretrained.pth')
        if not is_main_process():
            return None, None
        dropped = export_pretrained(
            unwrap_model(runner.model),
            path,
            _model_cfg(runner),
            iter=iteration)
        return path, dropped


def export_pretrained(algorithm,
                      path: str,
                      cfg: Optional[dict] = None,
                      **meta) -> list:
    """Write the pre-trained weights of an algorithm or a segmentor.

    Args:
        algorithm (nn.Module): One with ``pretrained_state_dict``, a
            segmentor, or another algorithm around one.
        path (str): File to write.
        cfg (dict, optional): Config of the model, for a segmentor. Defaults
            to None.
        **meta: Further meta information.

    Returns:
        list[str]: Names of the weights that are left out.
    """
    if is_model_wrapper(algorithm):
        algorithm = algorithm.module
    if hasattr(algorithm, 'pretrained_state_dict'):
        state_dict, dropped = algorithm.pretrained_state_dict()
    else:
        segmentor, cfg = find_segmentor(algorithm, cfg)
        state_dict, dropped = segmentor.state_dict(), classifier_keys(cfg)
        for key in dropped:
            state_dict.pop(key)
    meta.update(source=type(algorithm).__name__, dropped_keys=dropped)
    variant = getattr(algorithm.backbone, 'variant', None)
    if variant is not None:
        meta.update(variant=variant)
    state_dict = type(state_dict)(
        (key, value.cpu()) for key, value in state_dict.items())
    with atomic_open(path) as file:
        torch.save(dict(meta=meta, state_dict=state_dict), file)
    return dropped


def find_segmentor(model, cfg: Optional[dict]) -> Tuple[nn.Module, dict]:
    """The plain segmentor in an algorithm, or else the model, and its config.

    Args:
        model (nn.Module): Algorithm or segmentor.
        cfg (dict, optional): Config of ``model``.
    """
    if hasattr(model, 'segmentor_cfg'):
        return model.segmentor, model.segmentor_cfg
    return model, cfg or {}


def _model_cfg(runner) -> Optional[dict]:
    return getattr(runner, 'cfg', {}).get('model')
