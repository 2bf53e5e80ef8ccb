"""Make ``_base_ = ['mmseg_ext::eln/eln_toystreet.py']`` resolve.

mmengine looks ``package::`` bases up in a fixed table, which names a pip
distribution or, where there is none of that name, a module beside which the
folder ``.mim`` lies. Naming a module lets one entry serve wheels, editable
installs and plain checkouts alike (an editable install has a distribution,
but mmengine looks for its files in ``site-packages``).
"""
from mmengine.config.utils import MODULE2PACKAGE

__all__ = ['PACKAGE', 'apply']

PACKAGE = 'mmseg_ext'
# Any module directly inside the package.
ANCHOR = 'mmseg_ext.version'


def apply() -> str:
    """Add this package to mmengine's table.

    Returns:
        str: What was done.
    """
    if MODULE2PACKAGE.setdefault(PACKAGE, ANCHOR) != ANCHOR:
        return f'nothing, mmengine knows {PACKAGE}'
    return f'mmengine resolves {PACKAGE}:: bases'
