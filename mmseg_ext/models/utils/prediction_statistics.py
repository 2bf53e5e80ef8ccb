import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn


class PredictionStatistics(nn.Module):
    """Counts how many pixels are predicted as each class, on the device.

    Updates neither wait for the device nor reduce over ranks; both happen in
    :meth:`shares`. The counts are not part of the checkpoint.

    Args:
        num_classes (int): Number of classes :math:`C`.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.register_buffer(
            'counts',
            torch.zeros(num_classes, dtype=torch.int64),
            persistent=False)

    @torch.no_grad()
    def update(self, prediction: Tensor, valid: Tensor) -> None:
        """Add the predictions of a batch.

        Args:
            prediction (Tensor): Classes, int64 of shape (N, H, W).
            valid (Tensor): Pixels that count, bool of the same shape.
        """
        # neither bincount, which waits for the device, nor scatter_add, whose
        # additions queue for few classes
        classes = torch.arange(len(self.counts), device=prediction.device)
        hits = prediction[:, None] == classes.view(1, -1, 1, 1)
        self.counts += (hits & valid[:, None]).sum((0, 2, 3))

    def shares(self) -> Tensor:
        """Share of each class over all ranks since the last reset.

        Every rank must call it.

        Returns:
            Tensor: float64 of shape (C, ) on the CPU, the same on all ranks,
            zeros if nothing was counted.
        """
        counts = self.counts.clone()
        all_reduce(counts)
        counts = counts.cpu().double()
        return counts / counts.sum().clamp(min=1)

    def reset(self) -> None:
        """Forget everything."""
        self.counts.zero_()
