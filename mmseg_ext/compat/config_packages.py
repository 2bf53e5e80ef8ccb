"""Make ``_base_ = ['mmseg_ext::eln/eln_toystreet.py']`` resolve.

mmengine looks ``package::`` bases up in a fixed table, which names a pip
distribution or, where there is none of that name, a module beside which the
folder ``.mim`` lies. Naming a module lets one entry serve wheels, editable
installs and plain checkouts alike (an editable install has a distribution,
but mmengine looks for its files in ``site-packages``).

The table knows ``mmseg`` by the name of the stock distribution, so that
``mmseg::`` bases do not resolve on the maintained fork: there the module is
named as well.
"""
from importlib import metadata
from importlib.util import find_spec

from mmengine.config.utils import MODULE2PACKAGE

__all__ = ['PACKAGE', 'apply']

PACKAGE = 'mmseg_ext'
# Any module directly inside the package.
ANCHOR = 'mmseg_ext.version'


def apply() -> str:
    """Add this package, and the maintained fork of mmseg, to the table.

    Returns:
        str: What was done.
    """
    if MODULE2PACKAGE.setdefault(PACKAGE, ANCHOR) != ANCHOR:
        done = f'nothing, mmengine knows {PACKAGE}'
    else:
        done = f'mmengine resolves {PACKAGE}:: bases'
    if _is_missing(MODULE2PACKAGE.get(
            'mmseg', 'mmseg')) and find_spec('mmseg') is not None:
        MODULE2PACKAGE['mmseg'] = 'mmseg'
        done += ', and mmseg:: bases without a distribution mmsegmentation'
    return done


def _is_missing(package: str) -> bool:
    """Whether there is neither a distribution nor a module of this name."""
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return find_spec(package) is None
    return False
