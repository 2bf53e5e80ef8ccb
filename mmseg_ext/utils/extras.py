"""Components that rest on a package which is an extra."""
from importlib.util import find_spec
from typing import Callable, Sequence

from mmengine.registry import MODELS

__all__ = ['is_installed', 'refuse_models']


def is_installed(package: str) -> bool:
    """Whether a package can be imported.

    Args:
        package (str): Import name.

    Returns:
        bool: True if so.
    """
    return find_spec(package) is not None


def refuse_models(package: str, names: Sequence[str]) -> None:
    """Let a config that asks for models of a missing extra say what to do.

    The names go into the root registry, where every scope looks last.

    Args:
        package (str): The package that is not installed; the extra of
            ``mmseg_ext`` has the same name.
        names (Sequence[str]): The models that need it.
    """
    for name in names:
        MODELS.register_module(
            name=name, force=True, module=_refusal(package, name))


def _refusal(package: str, name: str) -> Callable:

    def refuse(*args, **kwargs):
        raise ImportError(
            f"The model type='{name}' needs {package}, which is not "
            f'installed; run: pip install "mmseg_ext[{package}]"')

    return refuse
