"""Which distribution provides an import name of the OpenMMLab stack."""
from importlib import metadata
from typing import Optional, Tuple

__all__ = ['CANDIDATES', 'find_distribution']

# Several distributions install the same import name; the maintained forks
# (onedl-*) go first, since a stock one beside them would be overwritten.
CANDIDATES = {
    'mmengine': ('onedl-mmengine', 'mmengine', 'mmengine-lite'),
    'mmcv': ('onedl-mmcv', 'mmcv', 'mmcv-lite', 'mmcv-full'),
    'mmseg': ('onedl-mmsegmentation', 'mmsegmentation'),
    'mmdet': ('onedl-mmdetection', 'mmdet'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
    'cv2': ('opencv-python', 'opencv-python-headless', 'opencv-contrib-python',
            'opencv-contrib-python-headless'),
}


def find_distribution(module: str) -> Optional[Tuple[str, str]]:
    """Name and version of the distribution that provides a module.

    Args:
        module (str): Import name, e.g. ``'mmcv'``.

    Returns:
        tuple[str, str] | None: ``('mmcv-lite', '2.1.0')``; None where none of
        the known distributions is installed.
    """
    for name in CANDIDATES.get(module, (module, )):
        try:
            return name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None
