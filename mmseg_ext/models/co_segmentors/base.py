import hashlib
from abc import ABCMeta, abstractmethod
from typing import Dict, Optional, Sequence

import torch
from torch import Tensor, nn

from ...datasets.pseudo_mask_cache import (CLASS_BITS, check_class_count,
                                           nearest_cells)


class BaseCoSegmentor(nn.Module, metaclass=ABCMeta):
    """Base of what makes masks of classes that an image shows.

    It learns nothing: always in eval mode, without gradients.

    Attributes:
        reads_truth (bool): Whether it is shown the labels of pixels.
    """

    reads_truth = False

    def __init__(self) -> None:
        super().__init__()
        self.old_classes: Sequence[str] = ()

    def train(self, mode: bool = True) -> 'BaseCoSegmentor':
        """Stay in eval mode, whatever ``mode`` is."""
        return super().train(False)

    def set_old_classes(self, names: Sequence[str]) -> None:
        """Tell which classes, without background, may be there too."""
        self.old_classes = tuple(names)

    @abstractmethod
    def masks(self,
              image: Tensor,
              classes: Sequence[str],
              seed: int,
              truth: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """Masks of an image, on a grid of cells.

        Args:
            image (Tensor): BGR in 0..255, float (3, H, W).
            classes (Sequence[str]): New classes that it shows, P of them.
            seed (int): Of all that is drawn.
            truth (Tensor, optional): Which of them each pixel shows, index
                into ``classes`` or -1, int64 (H, W). Given where
                :attr:`reads_truth`. Defaults to None.

        Returns:
            dict[str, Tensor]: ``init`` and ``refined``, bool (P, h, w) each,
            and whatever else is worth a look.
        """

    @abstractmethod
    def recipe(self) -> dict:
        """All that the masks depend on beside image and classes."""

    @torch.no_grad()
    def bits(self, image: Tensor, classes: Sequence[str], seed: int,
             size: Sequence[int]) -> Tensor:
        """The refined masks as bits, enlarged as stored ones are.

        Args:
            image (Tensor): BGR in 0..255, float (3, H, W).
            classes (Sequence[str]): New classes that it shows.
            seed (int): Of all that is drawn.
            size (Sequence[int]): Height and width of the result.

        Returns:
            Tensor: int32 (height, width).
        """
        check_class_count(classes, 'of the batch')
        if not len(classes):
            return torch.zeros(
                tuple(size), dtype=torch.int32, device=image.device)
        masks = self.masks(image, classes, seed)['refined']
        weights = torch.tensor([1 << bit for bit in CLASS_BITS[:len(masks)]],
                               device=masks.device)
        bits = (masks.long() * weights[:, None, None]).sum(0)
        rows, columns = (
            torch.from_numpy(nearest_cells(*sides)).to(bits.device)
            for sides in zip(bits.shape, size))
        return bits[rows][:, columns].int()


def weights_hash(module: nn.Module) -> str:
    """SHA-1 of all weights of a module, hexadecimal."""
    digest = hashlib.sha1()
    for key, value in sorted(module.state_dict().items()):
        digest.update(key.encode())
        value = value.detach().cpu().contiguous()
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
