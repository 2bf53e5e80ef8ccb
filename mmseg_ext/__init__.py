"""Learning with few labels, other labels or no labels on MMSegmentation.

Importing the package registers every component into the stock registries:
``custom_imports = dict(imports=['mmseg_ext'])`` is all that a config needs.
"""
from .utils.stack import check_stack
from .version import __version__

check_stack()

# ``compat`` readies the frozen OpenMMLab stack for the torch in use, hence it
# goes ahead of everything that imports mmcv or mmseg.
from . import compat  # noqa: E402

# isort: split
from . import datasets, engine, evaluation, models, visualization  # noqa: E402

__all__ = [
    '__version__', 'compat', 'datasets', 'engine', 'evaluation', 'models',
    'visualization'
]
