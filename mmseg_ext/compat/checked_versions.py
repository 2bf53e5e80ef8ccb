"""Versions of the stack that this release was checked with.

The stock versions are those of ``requirements/constraints.txt``; the forks are
those that ``tools/check_onedl.sh`` installs.
"""
from typing import Dict, Optional, Tuple

from packaging.version import Version

__all__ = ['CHECKED', 'PYTHON', 'is_checked']

# Versions of Python; 3.10 to 3.13 are supported.
PYTHON = ('3.11', )

# Distribution -> versions. A newer Python takes newer versions of some.
CHECKED: Dict[str, Tuple[str, ...]] = {
    'torch': ('2.13.0', ),
    'torchvision': ('0.28.0', ),
    'mmengine': ('0.10.7', ),
    'mmcv': ('2.1.0', ),
    'mmcv-lite': ('2.1.0', ),
    'mmsegmentation': ('1.2.2', ),
    'mmdet': ('3.3.0', ),
    'mmpretrain': ('1.2.0', ),
    'onedl-mmengine': ('0.10.12', ),
    'onedl-mmcv': ('2.3.6', ),
    'onedl-mmsegmentation': ('1.4.2', ),
    'onedl-mmdetection': ('3.5.1', ),
    'onedl-mmpretrain': ('1.3.6', ),
    'transformers': ('4.51.3', ),
    'numpy': ('2.2.6', '2.4.6'),
    'opencv-python': ('5.0.0.93', ),
}


def is_checked(name: str, version: str) -> Optional[bool]:
    """Whether a version is one that was checked.

    Args:
        name (str): Distribution, e.g. ``'mmcv-lite'``.
        version (str): Its version; a local part such as ``+cpu`` is ignored.

    Returns:
        bool | None: None for a distribution that the table does not have.
    """
    if name not in CHECKED:
        return None
    return Version(version).public in CHECKED[name]
