from contextlib import contextmanager
from types import SimpleNamespace

from torch import nn


@contextmanager
def record_output(module: nn.Module, method: str):
    """Keep what a method of a module returns during the context.

    Args:
        module (nn.Module): The module.
        method (str): Name of one of its methods. It is called as ever.

    Yields:
        SimpleNamespace: Its ``output`` is what the last call returned, None
        before the first.
    """
    original = getattr(module, method)
    recorded = SimpleNamespace(output=None)

    def recording(*args, **kwargs):
        recorded.output = original(*args, **kwargs)
        return recorded.output

    # into the instance's dict, which shadows the class's method
    module.__dict__[method] = recording
    try:
        yield recorded
    finally:
        del module.__dict__[method]
