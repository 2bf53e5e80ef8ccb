"""Checkpoints of PaddlePaddle, read without it and without running code."""
import os.path as osp
import pickle

import numpy as np
import torch

from .official_checkpoint import StateDict

# Names that Paddle keeps beside the arrays.
_NAMES = 'StructuredToParameterName@@'
# All that a pickle of NumPy arrays asks for, of NumPy 1 and 2.
_ALLOWED = {
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy', 'dtype'): np.dtype,
    ('collections', 'OrderedDict'): dict,
}
# NumPy moved the function from one private module to another.
_RECONSTRUCT = np.zeros(1).__reduce__()[0]
_ARRAYS = ('numpy.core.multiarray', 'numpy._core.multiarray')
_BUFFERS = ('numpy.core.numeric', 'numpy._core.numeric')


class NumpyUnpickler(pickle.Unpickler):
    """Reads NumPy arrays in plain containers, and nothing else.

    Raises:
        pickle.UnpicklingError: If the file asks for anything else.
    """

    def find_class(self, module: str, name: str):
        """The few globals that arrays need."""
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module in _ARRAYS and name == '_reconstruct':
            return _RECONSTRUCT
        if module in _BUFFERS and name == '_frombuffer':
            return _frombuffer
        if (module, name) == ('_codecs', 'encode'):
            return _encode
        raise pickle.UnpicklingError(
            f'it asks for {module}.{name}, but arrays alone are read')


def load_paddle(path: str) -> StateDict:
    """Read the weights of a ``.pdparams`` file.

    Args:
        path (str): The file, a pickled dict of NumPy arrays.

    Returns:
        dict[str, Tensor]: The weights.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it holds anything else.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path!r} is no file.')
    try:
        with open(path, 'rb') as file:
            found = NumpyUnpickler(file).load()
    except Exception as error:  # a broken pickle raises whatever it meets
        raise ValueError(f'{path!r} cannot be read as weights of Paddle: '
                         f'{error}') from error
    if not isinstance(found, dict):
        raise ValueError(f'{path!r} is no dict of weights.')
    state_dict = {}
    for key, value in found.items():
        if key == _NAMES:
            continue
        # of some versions: the name within Paddle, and the array
        if isinstance(value, tuple) and len(value) == 2:
            value = value[1]
        if not isinstance(value, np.ndarray) or value.dtype.kind not in 'fiu':
            raise ValueError(f'{path!r} has {key!r}, which is no array of '
                             'numbers.')
        state_dict[str(key)] = torch.from_numpy(np.array(value))
    if not state_dict:
        raise ValueError(f'{path!r} has no weights.')
    return state_dict


def _frombuffer(buffer, dtype, shape, order):
    return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)


def _encode(text: str, encoding: str) -> bytes:
    """Bytes of a pickle of protocol 2, which is all it is used for."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'it encodes text as {encoding}')
    return text.encode('latin1')
