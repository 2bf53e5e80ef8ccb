"""Hush what mmengine's use of ``pkg_resources`` says again and again.

Whenever mmengine resolves a ``package::`` base it reloads ``pkg_resources``,
which warns of its own end each time: a tool that reads many configs would
drown what it has to say. The constraints keep a setuptools that has it.
"""
import warnings

__all__ = ['apply']


def apply() -> str:
    """Ignore that one warning.

    Returns:
        str: What was done.
    """
    warnings.filterwarnings('ignore', message='pkg_resources is deprecated')
    return 'no warning for each use of pkg_resources'
