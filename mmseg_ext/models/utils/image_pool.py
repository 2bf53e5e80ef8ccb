import torch
from torch import Tensor, nn

from .logits import full_precision


class ImagePool(nn.Module):
    """Shows a discriminator a mixture of new and of former fake images.

    While it is not full, every image is stored and given back. Then an image
    is given back with probability 1/2; else it takes the place of a stored
    one, drawn uniformly, which is given back instead. Of `Learning from
    Simulated and Unsupervised Images through Adversarial Training
    <https://arxiv.org/abs/1612.07828>`_, section 2.3, in the form of CycleGAN.

    The images are part of the checkpoint, on which an exact resume rests, in
    float32 at least. Each rank has a pool of its own; the checkpoint holds
    that of the first. Random numbers are torch's of the CPU: nothing waits
    for the device.

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
        self.register_buffer('images', torch.zeros(0))
        self._register_load_state_dict_pre_hook(self._adopt_shape)

    @torch.no_grad()
    def query(self, images: Tensor) -> Tensor:
        """Exchange images with the pool.

        Args:
            images (Tensor): New fake images, (N, C, H, W).

        Returns:
            Tensor: As many images without a graph, some of them older.
        """
        images = full_precision(images.detach())
        if self.size == 0:
            return images
        if self.images.shape[1:] != images.shape[1:]:
            # none yet, or training goes on with other crops
            self.images = images.new_zeros(0, *images.shape[1:])
        room = max(self.size - len(self.images), 0)
        if room:
            self.images = torch.cat([self.images, images[:room]])
        # one after the other: two images of a batch may draw the same place
        shown = list(images[:room])
        for image in images[room:]:
            swap, place = torch.rand(()) < 0.5, torch.randint(self.size, ())
            if swap:
                shown.append(self.images[place].clone())
                self.images[place] = image
            else:
                shown.append(image)
        return torch.stack(shown)

    def _adopt_shape(self, state_dict: dict, prefix: str, *args) -> None:
        """A ``load_state_dict`` pre-hook: take a pool of any size."""
        key = f'{prefix}images'
        if key not in state_dict:  # weights alone, such as converted ones
            state_dict[key] = self.images
        state_dict[key] = state_dict[key][:self.size]
        self.images = self.images.new_zeros(state_dict[key].shape)
