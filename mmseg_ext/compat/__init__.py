"""What a frozen OpenMMLab stack needs on a current PyTorch.

The one place that touches other libraries. Importing it applies each of these,
once, and only where the real thing is missing:

- ``mmcv_ops``: PyTorch kernels for mmcv-lite, which has no compiled operators.
- ``torchvision_ops``: torchvision beside a torch it was not built for.
- ``safe_globals``: resuming under the safe loading of torch >= 2.6.
- ``local_checkpoints``: a broken checkpoint is named in a sentence.
- ``cpu_amp``: ``--amp`` on a machine without an accelerator.
- ``cpu_dist``: torchrun on a machine without an accelerator.
- ``panoptic_api``: the functions of ``panopticapi`` that mmdet calls.
- ``config_packages``: ``_base_ = ['mmseg_ext::...']``.
- ``repeated_warnings``: reading a config does not warn each time.

``panoptic_metric`` mends mmdet's PQ metric and ``panoptic_pictures`` its
visualizer as soon as mmdet is imported, ``layer_decay`` mmseg's constructors
of optimisers with ours, and ``model_complexity`` a tool of mmseg while it
runs.

What was done is logged in one line at debug level (logger ``mmseg_ext``) and
told by :func:`applied`.
"""
import logging
from typing import Dict

from . import (config_packages, cpu_amp, cpu_dist, local_checkpoints, mmcv_ops,
               panoptic_api, repeated_warnings, safe_globals, torchvision_ops)

__all__ = ['applied']

_applied: Dict[str, str] = {}


def applied() -> Dict[str, str]:
    """What was done to make the installed stack work.

    Returns:
        dict[str, str]: One entry for each file of this package, in order.
    """
    return dict(_applied)


def _apply_all() -> None:
    # torchvision ahead of everything that may import it.
    for module in (torchvision_ops, mmcv_ops, panoptic_api, safe_globals,
                   local_checkpoints, cpu_amp, cpu_dist, config_packages,
                   repeated_warnings):
        name = module.__name__.rpartition('.')[2]
        _applied[name] = module.apply()
    logging.getLogger('mmseg_ext').debug(
        'compat: %s',
        '; '.join(f'{name}: {done}' for name, done in _applied.items()))


_apply_all()
