"""Learning with few labels, other labels or no labels on MMSegmentation.

Importing the package registers every component into the stock registries:
``custom_imports = dict(imports=['mmseg_ext'])`` is all that a config needs.
"""
from .version import __version__

# isort: split
# ``compat`` readies the frozen OpenMMLab stack for the torch in use, hence it
# goes ahead of everything that imports mmcv or mmseg.
from . import compat

# isort: split
from . import datasets, engine, evaluation, models

__all__ = [
    '__version__', 'compat', 'datasets', 'engine', 'evaluation', 'models'
]
