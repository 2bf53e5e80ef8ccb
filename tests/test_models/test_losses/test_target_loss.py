import pytest
import torch

from mmseg_ext.models.losses import (BaseTargetLoss, ClassRatioPriorLoss,
                                     EntropyLoss, SizeConstraintLoss)

STATS = dict(
    classes=['a', 'b', 'c'],
    num_images=1,
    image_counts=[1] * 3,
    pixel_counts=[5, 3, 2],
    alpha=[0.2, 0.01, 0.01],
    delta=[0.3, 0.1, 0.1],
    gamma=[0.5, 0.2, 0.3])


@pytest.mark.parametrize(
    'loss', [
        EntropyLoss(),
        EntropyLoss(top_ratio=0.3),
        ClassRatioPriorLoss(STATS),
        SizeConstraintLoss(STATS, num_iters=5),
    ],
    ids=lambda loss: type(loss).__name__)
def test_host_never_waits_for_the_device(loss):
    # A tensor without data cannot tell the host anything.
    loss = loss.to('meta')
    logits = torch.empty(2, 3, 8, 9, device='meta', requires_grad=True)
    valid = torch.empty(2, 8, 9, dtype=torch.bool, device='meta')
    loss.compute(logits, valid).backward()
    assert logits.grad.shape == logits.shape


class Mean(BaseTargetLoss):

    def compute(self, logits, valid):
        self.seen = logits, valid
        return logits.mean()


def test_what_a_loss_gets_to_see():
    loss = Mean(loss_weight=3.)
    logits = torch.randn(2, 1, 3, 4).bfloat16()
    valid = torch.zeros(2, 6, 8, dtype=torch.bool)
    valid[:, :, :4] = True
    loss(logits, valid)
    seen, mask = loss.seen
    assert seen.dtype == torch.float32
    torch.testing.assert_close(
        seen.softmax(1)[:, 1:],
        logits.float().sigmoid())
    assert torch.equal(mask, valid[:, ::2, ::2])
    # the centre of the third column is padding, its corner is not
    valid[:, :, 4] = True
    loss(logits, valid)
    assert torch.equal(loss.seen[1], mask)
    logits = torch.randn(2, 3, 3, 4, dtype=torch.float64)
    found = loss(logits, valid)
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx(3 * logits.mean().item())
