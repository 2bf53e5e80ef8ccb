"""A transform that ends its process once."""
import os
import signal

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DieOnce(BaseTransform):
    """Kill the worker at a call, unless a file says that it was done.

    Args:
        mark (str): The file.
        calls (int): At which call of a process.
    """

    def __init__(self, mark, calls):
        self.mark = mark
        self.left = calls

    def transform(self, results):
        self.left -= 1
        if self.left <= 0 and not os.path.exists(self.mark):
            open(self.mark, 'w').close()
            os.kill(os.getpid(), signal.SIGKILL)
        return results
