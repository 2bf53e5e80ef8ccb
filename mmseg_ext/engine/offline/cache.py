import fcntl
import hashlib
import json
import os
import os.path as osp
from typing import Any, Dict, List

from mmengine.dist import broadcast_object_list, is_main_process

from ...utils.atomic_io import atomic_open

MANIFEST = 'manifest.json'
FINISHED = 'finished.json'


class OfflineCache:
    """A folder of files that an offline step makes by one recipe.

    The recipe lies in ``manifest.json``. A step that was killed goes on in
    its folder; a folder with files of another recipe, or of none, is refused,
    and so is one in which a step of another recipe works.
    Every process must call the same methods.

    Args:
        folder (str): The folder.
        recipe (dict): What the files depend on, plain values.

    Raises:
        ValueError: If the folder holds something else.
    """

    def __init__(self, folder: str, recipe: Dict[str, Any]) -> None:
        self.folder = folder
        # as it comes back from the file
        self.recipe = json.loads(json.dumps(recipe, default=_name))
        message = [self._open() if is_main_process() else None]
        broadcast_object_list(message)
        if message[0]:
            raise ValueError(message[0])

    def path(self, *parts: str) -> str:
        """A path below the folder."""
        return osp.join(self.folder, *parts)

    def finish(self, **facts) -> None:
        """Note in ``finished.json`` that all files are there.

        Args:
            **facts: What to write into it, plain values.
        """
        if is_main_process():
            self._write(FINISHED, facts)

    def _lock(self, kind: int) -> bool:
        """Lock the manifest that there is for as long as this lives."""
        self._manifest = open(self.path(MANIFEST))
        try:
            fcntl.flock(self._manifest, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _open(self):
        message = self._compare()
        if message is None:
            self._lock(fcntl.LOCK_SH)  # with steps of the same recipe
        return message

    def _compare(self):
        path = self.path(MANIFEST)
        if not osp.exists(path):
            if osp.isdir(self.folder) and _visible(self.folder):
                return (f'OUT {self.folder} has files but no {MANIFEST}: give '
                        'an empty or a new folder.')
            self._write(MANIFEST, dict(recipe=self.recipe))
            return None
        try:
            with open(path, encoding='utf-8') as file:
                found = json.load(file)['recipe']
        except (ValueError, KeyError, TypeError):
            return f'{path} is no manifest of this tool: give a new folder.'
        if (found != self.recipe and _visible(self.folder) == [MANIFEST]
                and self._lock(fcntl.LOCK_EX)):
            # of a step that failed ahead of its first file
            self._write(MANIFEST, dict(recipe=self.recipe))
            return None
        for key in sorted(set(found) | set(self.recipe)):
            if key not in found:
                return (f'OUT {self.folder} was made by a version that had no '
                        f'{key} on record: give a new folder.')
            if found.get(key) != self.recipe.get(key):
                return (f'OUT {self.folder} was made with {key} '
                        f'{found.get(key)!r}, but now it is '
                        f'{self.recipe.get(key)!r}: give a new folder.')
        return None

    def _write(self, name: str, content: dict) -> None:
        with atomic_open(self.path(name), 'w') as file:
            json.dump(content, file, indent=1)


def file_hash(path: str) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        FileNotFoundError: If there is none.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'CHECKPOINT {path} is no file.')
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def _name(kind: type) -> str:
    """What stands for a class, of which configs that import have some."""
    return kind.__name__


def _visible(folder: str) -> List[str]:
    return [name for name in os.listdir(folder) if not name.startswith('.')]
