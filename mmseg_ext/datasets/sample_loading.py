import os.path as osp
from typing import Optional

import mmcv
import mmengine.fileio as fileio

from .samplers import WantedClass, hash_seed, seeded


def load_sample(dataset,
                index: int,
                seed: Optional[int],
                field: str,
                wanted: Optional[WantedClass] = None) -> dict:
    """Load one sample with its own seed, and say what failed if it fails.

    Args:
        dataset (Dataset): Where to load from.
        index (int): Index in ``dataset``.
        seed (int, optional): Seed of the pipeline's randomness; None leaves
            the random states as they are.
        field (str): Config field of ``dataset``, for the message.
        wanted (WantedClass, optional): Class that the sample shall show. The
            sample is loaded anew, with seeds made of ``seed``, until it
            does. Defaults to None.

    Returns:
        dict: The sample.

    Raises:
        RuntimeError: If the pipeline fails; names the field, the image and,
            if a file is missing or broken, that file.
    """
    try:
        with seeded(seed):
            sample = dataset[index]
        for trial in range(1, wanted.max_tries if wanted else 0):
            if _shows(sample, wanted):
                break
            with seeded(hash_seed(seed, 'trial', trial)):
                sample = dataset[index]
        return sample
    except Exception as error:
        raise RuntimeError(describe_failure(dataset, index, field,
                                            error)) from error


def _shows(sample: dict, wanted: WantedClass) -> bool:
    views = sample['data_samples']
    views = views.values() if isinstance(views, dict) else [views]
    return any((view.gt_sem_seg.data == wanted.class_id
                ).sum().item() > wanted.min_pixels for view in views
               if 'gt_sem_seg' in view)


def describe_failure(dataset, index: int, field: str, error: Exception) -> str:
    """One sentence on why a sample could not be loaded.

    Args:
        dataset (Dataset): Data set with ``get_data_info``.
        index (int): Index of the sample.
        field (str): Config field of ``dataset``.
        error (Exception): What the pipeline raised.

    Returns:
        str: The sentence.
    """
    try:
        info = dataset.get_data_info(index)
    except Exception:  # the failure to explain is the first one
        info = {}
    for key, what in (('img_path', 'image'), ('seg_map_path', 'label')):
        fault = file_fault(info.get(key))
        if fault:
            return (f'{field}: the {what} {info[key]} (sample {index}) '
                    f'{fault}.')
    reason = f'{type(error).__name__}: {error}'
    image = info.get('img_path', 'unknown')
    return (f'{field}: the pipeline failed on sample {index} (image {image}) '
            f'with {reason}')


def file_fault(path: Optional[str]) -> Optional[str]:
    """What is wrong with an image file.

    Args:
        path (str, optional): Path of the file, any mmengine file backend.

    Returns:
        str or None: End of a sentence, None if the file can be decoded.
    """
    if path is None:
        return None
    if '://' not in path and not osp.exists(path):
        return 'does not exist'
    try:
        content = fileio.get(path)
    except Exception as error:
        return f'cannot be read ({type(error).__name__}: {error})'
    if len(content) == 0:
        return 'is an empty file'
    try:
        decoded = mmcv.imfrombytes(content, flag='unchanged')
    except Exception:  # cv2 and Pillow each have their own
        decoded = None
    if decoded is None:
        return 'is broken or not an image'
    return None
