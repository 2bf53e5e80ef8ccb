from typing import Dict, Iterator, Mapping, Optional, Sequence, Union

from mmengine.dist import get_dist_info, sync_random_seed
from mmengine.logging import MessageHub
from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from .rare_class_order import RareClassOrder, build_rare_class_tables
from .seeded_index import SeededIndex, hash_seed
from .source_order import SourceOrder

# Name of the only source of a data set that is not a MultiSourceDataset.
SINGLE_SOURCE = 'dataset'


@DATA_SAMPLERS.register_module()
class MultiSourceSampler(Sampler):
    """Endless sampler that draws a fixed count of each source per batch.

    Image ``j`` of a source in batch ``b`` of rank ``r`` stands at position
    ``(b * world_size + r) * size + j`` of the source's order, so the ranks'
    batches together are the batch of a single rank of ``world_size * size``
    images. The order is a function of (seed, source, epoch) and is read at
    any position at once: nothing is drawn to skip what was trained on. Each
    epoch of a source holds each image once, and no image comes twice within
    a global batch unless the source is smaller than that
    (:class:`SourceOrder`). Without ``source_sizes`` the batch is not known,
    and a source of less than three batches may repeat images where two epochs
    meet.

    Each index is a :class:`SeededIndex` whose seed is a function of (seed,
    source, position), which makes the augmentation of an image a function of
    the iteration, whatever ``num_workers`` is.

    Args:
        dataset (Sized): A :class:`MultiSourceDataset`, or any other data set
            as a single source.
        source_sizes (dict[str, int] or Sequence[int] or int, optional):
            Images of each source in a batch of one rank, by name or in the
            order of the data set's sources. Of a single source an int, or
            None, which takes any ``batch_size`` of the data loader. A size
            of 0 leaves a source out. Defaults to None.
        shuffle (bool): Whether to shuffle. Defaults to True.
        seed (int, optional): Seed of the orders, the same on every rank.
            Defaults to None, a random one that the ranks agree on.
        rare_class_sampling (dict[str, dict], optional): Arguments of
            :func:`build_rare_class_table` by source. Defaults to None.
    """

    def __init__(
            self,
            dataset,
            source_sizes: Union[Mapping[str, int], Sequence[int], int,
                                None] = None,
            shuffle: bool = True,
            seed: Optional[int] = None,
            rare_class_sampling: Optional[Mapping[str, dict]] = None) -> None:
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.lengths: Dict[str, int] = dict(
            getattr(dataset, 'source_lengths', {SINGLE_SOURCE: len(dataset)}))
        self._is_sized = source_sizes is not None
        self.source_sizes = _parse_sizes(source_sizes, self.lengths,
                                         hasattr(dataset, 'source_lengths'))
        self.shuffle = shuffle
        self._rare = build_rare_class_tables(rare_class_sampling, dataset,
                                             self.lengths)
        self._loader_batch_size: Optional[int] = None
        self._start_batch = 0
        self._first = {name: 0 for name in self.lengths}
        self.set_seed(sync_random_seed() if seed is None else seed)

    @property
    def batch_size(self) -> Optional[int]:
        """Images in a batch of one rank; None where any number may be."""
        if self._is_sized:
            return sum(self.source_sizes.values())
        return self._loader_batch_size

    def bind_batch_size(self, batch_size: int) -> None:
        """Check the data loader's batch size, or take it over.

        Args:
            batch_size (int): ``batch_size`` of the data loader.

        Raises:
            ValueError: If it is not the sum of ``source_sizes``.
        """
        if not self._is_sized:
            self._loader_batch_size = batch_size
        elif batch_size != self.batch_size:
            raise ValueError(
                f'train_dataloader.batch_size is {batch_size}, but '
                f'train_dataloader.sampler.source_sizes={self.source_sizes} '
                f'makes batches of {self.batch_size}; set batch_size='
                f'{self.batch_size}.')

    def set_seed(self, seed: int) -> None:
        """Set the seed of the orders and of the augmentation.

        Args:
            seed (int): The seed, the same on every rank.
        """
        self.seed = int(seed)
        self._build_orders()

    def set_start_batch(self, batch: int) -> None:
        """Make the next iteration start at a batch, without drawing any.

        Args:
            batch (int): Number of batches that each rank has had.

        Raises:
            RuntimeError: If ``source_sizes`` is None and the batch size was
                not told by :meth:`bind_batch_size`.
        """
        if batch and self.batch_size is None:
            raise RuntimeError(
                'train_dataloader.sampler.source_sizes is None, so the '
                'sampler cannot tell where a batch starts; set it to the '
                'batch_size of the data loader.')
        self._start_batch = int(batch)

    def set_consumed(self, consumed: Mapping[str, int]) -> None:
        """Go on behind samples that were drawn with another world size.

        Where the counts are whole batches of the present layout this is
        :meth:`set_start_batch`. Otherwise each source goes on at its own
        position; a source so small that the order depends on the batch (see
        :class:`SourceOrder`) goes on with its next epoch.

        Args:
            consumed (dict[str, int]): Samples drawn so far of each source,
                by all ranks together.

        Raises:
            ValueError: If the names are not the data set's sources.
        """
        if set(consumed) != set(self.lengths):
            raise ValueError(
                f'The checkpoint counts samples of the sources '
                f'{sorted(consumed)}, but train_dataloader.dataset has '
                f'{sorted(self.lengths)}.')
        consumed = {name: int(count) for name, count in consumed.items()}
        batches = self._whole_batches(consumed)
        if batches is None:
            self._start(consumed, 0)
        else:
            self._start({name: 0 for name in consumed}, batches)

    def consumed(self, batches: int) -> Dict[str, int]:
        """Samples of each source that all ranks have drawn.

        Args:
            batches (int): Number of batches that each rank has had, as in
                :meth:`set_start_batch`.

        Returns:
            dict[str, int]: Samples by source, for :meth:`set_consumed`.
        """
        return {
            name: self._orders[name].start + batches * step
            for name, step in self._steps().items()
        }

    def state_dict(self, batches: int) -> dict:
        """Where the sampler stands after a number of batches.

        Args:
            batches (int): As in :meth:`consumed`.

        Returns:
            dict: Plain numbers; ``consumed`` serves another world size.
        """
        return dict(
            seed=self.seed,
            batch=int(batches),
            first={
                name: order.start
                for name, order in self._orders.items()
            },
            steps=self._steps(),
            consumed=self.consumed(batches))

    def load_state_dict(self, state: Mapping) -> None:
        """Go on where :meth:`state_dict` was taken.

        Args:
            state (dict): What :meth:`state_dict` returned. If it was taken
                with other batches (world size or ``source_sizes``), goes on
                by :meth:`set_consumed`.
        """
        self.set_seed(state['seed'])
        if dict(state['steps']) != self._steps():
            self.set_consumed(state['consumed'])
            return
        self._start(state['first'], state['batch'])

    def __iter__(self) -> Iterator[SeededIndex]:
        # 1 where the loop counts iterations
        epochs = MessageHub.get_current_instance().get_info('max_epochs', 1)
        if epochs > 1:
            self.refuse_epochs(epochs)
        batch = self._start_batch * self._samples_per_batch()
        while True:
            offset = 0
            for name, length in self.lengths.items():
                size = self.source_sizes[name]
                first = (batch * self.world_size + self.rank) * size
                for position in range(first, first + size):
                    yield self._index(name, offset, position)
                offset += length
            batch += 1

    def __len__(self) -> int:
        """Samples of one rank while the longest-lasting source passes once.

        The iterator itself has no end.
        """
        batches = max(-(-length // self._step(name))
                      for name, length in self.lengths.items()
                      if self._step(name))
        return batches * sum(self.source_sizes.values())

    def set_epoch(self, epoch: int) -> None:
        """Does nothing: the sampler counts epochs of each source itself."""

    @staticmethod
    def refuse_epochs(epochs: int) -> None:
        """Tell a loop that waits for the end of an epoch that there is none.

        Args:
            epochs (int): How many it counts.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            'train_dataloader.sampler is a MultiSourceSampler, which has no '
            f'end, but train_cfg counts {epochs} epochs: set train_cfg to '
            "dict(type='ResumableIterBasedTrainLoop', max_iters=...).")

    def _index(self, name: str, offset: int, position: int) -> SeededIndex:
        order = self._orders[name]
        seed = hash_seed(self.seed, name, 'sample', order.start + position)
        return SeededIndex(offset + order[position], seed,
                           order.wanted(position))

    def _start(self, first: Mapping[str, int], batch: int) -> None:
        self._first = dict(first)
        self._build_orders()
        self.set_start_batch(batch)

    def _build_orders(self) -> None:
        self._orders = {
            name:
            SourceOrder(length, self._step(name), name, self.seed,
                        self.shuffle, self._first[name])
            for name, length in self.lengths.items()
        }
        for name, table in self._rare.items():
            self._orders[name] = RareClassOrder(table, name, self.seed,
                                                self._first[name])

    def _step(self, name: str) -> int:
        """Images of a source in a global batch of ``source_sizes``."""
        return self.source_sizes[name] * self.world_size

    def _steps(self) -> Dict[str, int]:
        """Images of each source in a global batch of the data loader."""
        scale = self._samples_per_batch()
        return {name: scale * self._step(name) for name in self.lengths}

    def _samples_per_batch(self) -> int:
        # Without sizes each "batch" of this sampler is a single image.
        return 1 if self._is_sized else self._loader_batch_size or 1

    def _whole_batches(self, consumed: Mapping[str, int]) -> Optional[int]:
        """Number of batches in which exactly these samples were drawn."""
        steps = self._steps()
        batches = max(consumed[name] // step for name, step in steps.items()
                      if step)
        if all(consumed[name] == batches * step
               for name, step in steps.items()):
            return batches
        return None


def _parse_sizes(source_sizes, lengths: Mapping[str, int],
                 is_multi_source: bool) -> Dict[str, int]:
    field = 'train_dataloader.sampler.source_sizes'
    names = list(lengths)
    if source_sizes is None:
        if is_multi_source:
            raise ValueError(
                f'{field} is not set; give the images of each source in a '
                f'batch, for instance dict({names[0]}=2, ...) with the names '
                f'{names}.')
        return {names[0]: 1}
    if isinstance(source_sizes, Mapping):
        if set(source_sizes) != set(names):
            raise ValueError(
                f'{field} has the sources {sorted(source_sizes)}, but '
                f'train_dataloader.dataset has {sorted(names)}.')
        sizes = {name: source_sizes[name] for name in names}
    else:
        if isinstance(source_sizes, int):
            source_sizes = (source_sizes, )
        if len(source_sizes) != len(names):
            raise ValueError(
                f'{field}={source_sizes} has {len(source_sizes)} sizes, but '
                f'train_dataloader.dataset has the sources {names}.')
        sizes = dict(zip(names, source_sizes))
    bad = {
        name: size
        for name, size in sizes.items()
        if not isinstance(size, int) or isinstance(size, bool) or size < 0
    }
    if bad or not any(sizes.values()):
        raise ValueError(f'{field} must be whole numbers >= 0 and not all 0, '
                         f'but got {bad or sizes}.')
    return sizes
