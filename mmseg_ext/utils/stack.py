"""A plain word where a package that everything rests on is missing."""
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from packaging.specifiers import SpecifierSet

# Import name -> distributions that give it, with the versions that work. Any
# version of the maintained forks (onedl-*) is let through.
REQUIRED = {
    'mmengine': {
        'mmengine': '>=0.10.7,<1',
        'mmengine-lite': '>=0.10.7,<1',
        'onedl-mmengine': ''
    },
    'mmcv': {
        'mmcv': '>=2.0.0,<2.2',
        'mmcv-lite': '>=2.0.0,<2.2',
        'onedl-mmcv': '',
        'onedl-mmcv-lite': ''
    },
    'mmseg': {
        'mmsegmentation': '>=1.2.2,<1.3',
        'onedl-mmsegmentation': ''
    },
}
REMEDY = ('pip install "mmengine==0.10.7" "mmcv-lite==2.1.0" '
          '"mmsegmentation==1.2.2" ftfy regex')


def check_stack() -> None:
    """Check that mmengine, mmcv and mmseg are there in versions that work.

    They are no hard requirements of the package (see ``setup.cfg``), so pip
    does not look after them. A module without distribution metadata, such as
    a clone on ``PYTHONPATH``, is trusted.

    Raises:
        ImportError: If one is missing or its version is out of range.
    """
    for module, distributions in REQUIRED.items():
        if find_spec(module) is None:
            raise ImportError(
                f'mmseg_ext needs {module}, which is not installed; in a new '
                f'environment run: {REMEDY}')
        found = {}
        for name, wanted in distributions.items():
            try:
                found[name] = version(name), SpecifierSet(wanted)
            except PackageNotFoundError:
                continue
        # With two of them installed over each other, the module is whichever
        # came last: one that fits is enough.
        if found and not any(
                wanted.contains(number, prereleases=True)
                for number, wanted in found.values()):
            name, (number, wanted) = next(iter(found.items()))
            raise ImportError(f'mmseg_ext needs {name}{wanted}, but {number} '
                              f'is installed; run: {REMEDY}')
