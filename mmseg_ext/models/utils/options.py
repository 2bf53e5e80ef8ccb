"""Checks of config fields that several algorithms have."""
from typing import Dict, Sequence


def check_option(name: str, value: str, options: Sequence[str]) -> None:
    """Raise unless a config field has one of its values."""
    if value not in options:
        raise ValueError(
            f'model.{name} must be one of {list(options)} but is {value!r}.')


def check_branches(algorithm: str, inputs, branches: Sequence[str]) -> None:
    """Raise unless the batch of an algorithm has the named branches."""
    found = list(inputs) if isinstance(inputs, dict) else 'one without'
    if not isinstance(inputs, dict) or not set(branches) <= set(inputs):
        raise ValueError(
            f'{algorithm} needs the branches {list(branches)} '
            f'in a training batch but got {found}: set '
            'train_dataloader.dataset.type to MultiSourceDataset and '
            'name its sources accordingly.')


def check_unpadded(algorithm: str, data_samples: Dict[str, list]) -> None:
    """Raise if the preprocessor had to pad an image of a branch."""
    for branch, samples in data_samples.items():
        for sample in samples:
            if any(sample.get('padding_size') or ()):
                raise ValueError(
                    f'{algorithm} needs images of one size in the branch '
                    f'{branch!r}, but {sample.get("img_path")} had to be '
                    'padded: resize images to at least crop_size of '
                    'RandomCrop in the pipeline.')


def check_views(views: Sequence[str], mixed: bool) -> None:
    """Raise unless ``student_views`` are unlabelled views.

    Args:
        views (Sequence[str]): Names of the branches.
        mixed (bool): Whether strong views are to be mixed.
    """
    strong = [view for view in views if view.startswith('unlabeled_strong')]
    if set(views) - {'unlabeled', *strong} or len(set(views)) < len(views):
        raise ValueError(
            "model.student_views must be 'unlabeled' and names that begin "
            f"with 'unlabeled_strong', each once, but is {list(views)}.")
    if mixed and not strong:
        raise ValueError(
            'model.cut_mix mixes strong views, but model.student_views '
            f"{list(views)} names none, such as 'unlabeled_strong'.")
