import copy
from typing import Dict, Optional, Tuple

from mmseg.registry import DATASETS

from .dataset_tree import pipeline_transforms, walk_datasets
from .pipeline_checks import check_pipeline
from .sample_loading import load_sample
from .transforms import BranchTransform

FIELD = 'train_dataloader.dataset'
# These sources come first, so that labels head every batch however a config
# was merged.
LABELED_SOURCES = ('labeled', 'source')


@DATASETS.register_module()
class MultiSourceDataset:
    """Several data sets side by side, whose samples are sorted into branches.

    A source's sample goes to the branch of the source's name, or, where its
    pipeline ends with :class:`BranchTransform`, to the branches named there.
    Every sample has every branch as a key, with None where it has nothing
    for it, so that the stock collate functions work::

        dict(inputs=dict(labeled=None, unlabeled=Tensor, ...),
             data_samples=dict(labeled=None, unlabeled=SegDataSample, ...))

    Indices run through the sources one after the other. An index with a seed
    (:class:`SeededIndex`) fixes all randomness of the sample's pipeline.

    Args:
        **sources (dict or BaseDataset, optional): Data sets by name, any
            config of ``DATASETS``. None leaves a source of a base config
            out. ``labeled`` and ``source`` are put first.

    Raises:
        ValueError: If there is no source, a source is empty, two sources
            have different classes, or a pipeline loses track of padding.
        FileNotFoundError: If a source misses a file.
    """

    def __init__(self, **sources) -> None:
        names = [name for name in sources if sources[name] is not None]
        names.sort(key=lambda name: name not in LABELED_SOURCES)
        if not names:
            raise ValueError(f'{FIELD} has no source; give at least one, for '
                             'instance labeled=dict(type=...).')
        self.sources = {
            name: _build_source(name, sources[name])
            for name in names
        }
        self._fully_initialized = False
        self.full_init()
        self._metainfo = self._merge_metainfo()
        self.branches = self._find_branches()

    @property
    def metainfo(self) -> dict:
        """dict: Meta information of the first source that has classes."""
        return copy.deepcopy(self._metainfo)

    @property
    def source_lengths(self) -> Dict[str, int]:
        """dict[str, int]: Number of samples of each source."""
        return {name: len(source) for name, source in self.sources.items()}

    def full_init(self) -> None:
        """Load the annotations of all sources.

        Raises:
            ValueError: If a source is empty.
        """
        if self._fully_initialized:
            return
        for name, source in self.sources.items():
            if hasattr(source, 'full_init'):
                try:
                    source.full_init()
                except Exception as error:
                    raise _source_error(name, error) from error
            if len(source) == 0:
                raise _empty_error(name)
        self._fully_initialized = True

    def locate(self, index: int) -> Tuple[str, int]:
        """Find the sample of a flat index.

        Args:
            index (int): Index into all sources, in [0, len).

        Returns:
            tuple[str, int]: Name of the source and index in it.
        """
        rest = int(index)
        if rest >= 0:
            for name, source in self.sources.items():
                if rest < len(source):
                    return name, rest
                rest -= len(source)
        raise IndexError(f'Index {int(index)} is out of range for '
                         f'{len(self)} samples.')

    def get_data_info(self, index: int) -> dict:
        """Annotation of a sample, before the pipeline.

        Args:
            index (int): Index into all sources.

        Returns:
            dict: Its annotation.
        """
        name, rest = self.locate(index)
        return self.sources[name].get_data_info(rest)

    def __len__(self) -> int:
        return sum(self.source_lengths.values())

    def __getitem__(self, index: int) -> dict:
        name, rest = self.locate(index)
        sample = load_sample(self.sources[name], rest,
                             getattr(index, 'seed', None), f'{FIELD}.{name}',
                             getattr(index, 'wanted', None))
        inputs, data_samples = sample['inputs'], sample['data_samples']
        if not isinstance(inputs, dict):
            inputs, data_samples = {name: inputs}, {name: data_samples}
        return dict(
            inputs={b: inputs.get(b)
                    for b in self.branches},
            data_samples={b: data_samples.get(b)
                          for b in self.branches})

    def _find_branches(self) -> Tuple[str, ...]:
        branches = {}  # an ordered set
        for name, source in self.sources.items():
            for field, leaf in walk_datasets(source, f'{FIELD}.{name}'):
                transforms = pipeline_transforms(leaf)
                check_pipeline(transforms, field)
                if transforms and isinstance(transforms[-1], BranchTransform):
                    branches.update(dict.fromkeys(transforms[-1].branches))
                else:
                    branches[name] = None
        return tuple(branches)

    def _merge_metainfo(self) -> dict:
        first: Optional[str] = None
        merged: dict = {}
        for name, source in self.sources.items():
            metainfo = source.metainfo
            if not metainfo.get('classes'):
                continue
            if first is None:
                first, merged = name, metainfo
                continue
            for key in ('classes', 'palette'):
                if _plain(metainfo.get(key)) != _plain(merged.get(key)):
                    raise ValueError(
                        f'{FIELD}.{name} and {FIELD}.{first} have different '
                        f'{key}: {metainfo.get(key)} and {merged.get(key)}; '
                        'give both the same metainfo.')
        return merged or next(iter(self.sources.values())).metainfo


def _plain(value):
    """Tuples and arrays as lists, to compare their content only."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    return [_plain(item) for item in value]


def _build_source(name: str, source):
    if not isinstance(source, dict):
        return source
    try:
        return DATASETS.build(source)
    except Exception as error:
        raise _source_error(name, error) from error


def _source_error(name: str, error: Exception) -> Exception:
    # What a stock data set says when it serialises an empty list.
    if 'need at least one array to concatenate' in str(error):
        return _empty_error(name)
    message = f'{FIELD}.{name}: {error}'
    if isinstance(error, FileNotFoundError) or 'Failed to load' in message:
        if 'data_prefix' not in message:  # stock data sets name no field
            message += '; check its data_root, data_prefix and ann_file.'
        return FileNotFoundError(message)
    kind = type(error) if type(error) in (KeyError, TypeError) else ValueError
    return kind(message)


def _empty_error(name: str) -> ValueError:
    return ValueError(
        f'{FIELD}.{name} has no image; check its data_root, data_prefix, '
        'img_suffix and ann_file.')
