import torch
from mmengine.dist import all_gather, broadcast_object_list, get_rank
from torch import Tensor, nn

from .logits import full_precision

# A prime that spreads the numbers of queries over the seeds of a generator.
_STEP = 1_000_003


class ImagePool(nn.Module):
    """Shows a discriminator a mixture of new and of former fake images.

    While it is not full, every image is stored and given back. Then an image
    is given back with probability 1/2; else it takes the place of a stored
    one, drawn uniformly, which is given back instead. Of `Learning from
    Simulated and Unsupervised Images through Adversarial Training
    <https://arxiv.org/abs/1612.07828>`_, section 2.3, in the form of CycleGAN.

    As in the authors' code the images of all ranks share one pool, of which
    every rank holds the same copy: the images of a step must have one size on
    all ranks. Images, in float32 at least, and the state of the random
    numbers are part of the checkpoint, on which an exact resume rests.
    Nothing waits for the device.

    Args:
        size (int): Images to store, 0 to give back every image as it is.

    Raises:
        ValueError: If ``size`` is negative.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        if size < 0:
            raise ValueError(f'model.pool_size must not be negative but is '
                             f'{size}.')
        self.size = size
        self.seed = int(torch.randint(2**31, (), device='cpu'))
        self.queries = 0
        # No buffer: copies of a model, as averages of it are, have buffers
        # of fixed sizes.
        self.images = torch.zeros(0)
        self._register_load_state_dict_pre_hook(self._adopt_state)

    @torch.no_grad()
    def query(self, images: Tensor) -> Tensor:
        """Exchange images with the pool.

        Args:
            images (Tensor): New fake images of this rank, (N, C, H, W).

        Returns:
            Tensor: As many images without a graph, some of them older.
        """
        images = full_precision(images.detach())
        if self.size == 0:
            return images
        if self.queries == 0:
            # ranks may have built the model from seeds of their own
            seeds = [self.seed]
            broadcast_object_list(seeds)
            self.seed = seeds[0]
        own = slice(get_rank() * len(images), (get_rank() + 1) * len(images))
        images = torch.cat(all_gather(images.contiguous()))
        if self.images.shape[1:] != images.shape[1:]:
            # none yet, or training goes on with other crops
            self.images = images.new_zeros(0, *images.shape[1:])
        self.images = self.images.to(images.device)
        generator = torch.Generator('cpu').manual_seed(self.seed +
                                                       _STEP * self.queries)
        self.queries += 1
        room = max(self.size - len(self.images), 0)
        if room:
            self.images = torch.cat([self.images, images[:room]])
        # one after the other: two images of a batch may draw the same place
        shown = list(images[:room])
        for image in images[room:]:
            swap = torch.rand((), generator=generator) < 0.5
            place = torch.randint(self.size, (), generator=generator)
            if swap:
                shown.append(self.images[place].clone())
                self.images[place] = image
            else:
                shown.append(image)
        return torch.stack(shown[own])

    def get_extra_state(self) -> Tensor:
        """What the next random numbers depend on."""
        return torch.tensor([self.seed, self.queries])

    def set_extra_state(self, state: Tensor) -> None:
        """Go on with the random numbers of a checkpoint."""
        self.seed, self.queries = state.tolist()

    def _save_to_state_dict(self, destination: dict, prefix: str,
                            keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        # an average of the model has none, and hooks compare the keys
        if len(self.images):
            destination[f'{prefix}images'] = self.images

    def _adopt_state(self, state_dict: dict, prefix: str, *args) -> None:
        """A ``load_state_dict`` pre-hook: take a pool of any size."""
        # weights alone, such as converted ones, have neither
        state_dict.setdefault(f'{prefix}_extra_state', self.get_extra_state())
        images = state_dict.pop(f'{prefix}images', self.images)
        self.images = images[:self.size].clone()
