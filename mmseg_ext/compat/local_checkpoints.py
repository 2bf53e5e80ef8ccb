"""Say in a sentence which file is no checkpoint.

A file that was cut while it was copied makes ``torch.load`` fail in the words
of a zip reader or an unpickler, without the name of the file. mmengine lets
the loader of a kind of path be replaced; that of local files is.
"""
import os.path as osp
import zipfile

__all__ = ['apply', 'load_from_local']


def load_from_local(filename: str, map_location=None):
    """Load a local checkpoint as mmengine does.

    Args:
        filename (str): Path.
        map_location (str, optional): As of ``torch.load``. Defaults to None.

    Returns:
        Any: What the file holds.

    Raises:
        ValueError: If the file is no whole checkpoint.
        FileNotFoundError: If there is none.
    """
    from mmengine.runner import checkpoint
    path = osp.expanduser(filename)
    if osp.isfile(path) and not zipfile.is_zipfile(path):
        with open(path, 'rb') as file:
            start = file.read(2)
        if not start:
            raise ValueError(_message(path, 'it is empty'))
        if start == b'PK':
            raise ValueError(_message(path, 'its end is missing'))
        # files of torch < 1.6 are pickles, those of old repositories too
        if not start.startswith(b'\x80'):
            raise ValueError(
                _message(path, 'it is neither a zip archive nor a pickle'))
    try:
        return checkpoint.load_from_local(filename, map_location)
    except EOFError as error:
        raise ValueError(_message(path, 'its end is missing')) from error
    except RuntimeError as error:
        if 'PytorchStreamReader' not in str(error):
            raise
        reason = str(error).splitlines()[0]
        raise ValueError(_message(path, reason)) from error


def _message(path: str, reason: str) -> str:
    return (f'{path} is no whole checkpoint of PyTorch ({reason}): copy it '
            'anew, or name another one in load_from or on the command line.')


def apply() -> str:
    """Load local checkpoints through :func:`load_from_local`.

    Returns:
        str: What was done.
    """
    from mmengine.runner.checkpoint import CheckpointLoader
    CheckpointLoader.register_scheme(
        prefixes='', loader=load_from_local, force=True)
    return 'broken local checkpoints are named in a sentence'
