import pytest
import torch
import torch.nn.functional as F

from mmseg_ext.models.losses import PseudoLabelLoss


def example(seed=0, channels=3):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, channels, 4, 6, generator=generator)
    labels = torch.randint(max(channels, 2), (2, 4, 6), generator=generator)
    labels[:, 0] = 255
    return logits.requires_grad_(), torch.ones(2, 4, 6).bool(), labels


def test_mean_over_labelled_pixels():
    logits, valid, labels = example()
    valid[1, :, 3:] = False
    counted = valid & (labels != 255)
    prob = logits.softmax(1).permute(0, 2, 3, 1)[counted]
    expected = -prob[torch.arange(len(prob)), labels[counted]].log().mean()
    found = PseudoLabelLoss(loss_weight=2.)(logits, valid, labels)
    torch.testing.assert_close(found, 2 * expected)
    found.backward()
    assert not logits.grad.permute(0, 2, 3, 1)[~counted].any()


def test_one_class_and_one_image():
    logits, valid, labels = example()
    labels = torch.full_like(labels, 1)
    found = PseudoLabelLoss()(logits[:1], valid[:1], labels[:1])
    torch.testing.assert_close(found, F.cross_entropy(logits[:1], labels[:1]))


def test_without_a_label_it_is_a_connected_zero():
    logits, valid, labels = example()
    found = PseudoLabelLoss()(logits, valid, torch.full_like(labels, 255))
    found.backward()
    assert found.item() == 0 and not logits.grad.any()


def test_binary_head():
    logits, valid, labels = example(channels=1)
    counted = labels != 255
    expected = F.binary_cross_entropy_with_logits(logits[:, 0][counted],
                                                  labels[counted].float())
    torch.testing.assert_close(PseudoLabelLoss()(logits, valid, labels),
                               expected)


def test_grid_of_the_head():
    logits, valid, labels = example()
    large = labels.repeat_interleave(2, 1).repeat_interleave(2, 2)
    loss = PseudoLabelLoss(resize_to=None)
    torch.testing.assert_close(
        loss(logits,
             torch.ones_like(large).bool(), large),
        loss(logits, valid, labels))


def test_float32_under_autocast():
    logits, valid, labels = example()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = PseudoLabelLoss()(logits.bfloat16(), valid, labels)
    assert found.dtype == torch.float32


def test_host_never_waits_for_the_device():
    # a tensor without data cannot tell the host anything
    logits, _, labels = (x.detach().to('meta') for x in example())
    PseudoLabelLoss().compute(logits.requires_grad_(), labels).backward()


def test_name_in_the_log():
    with pytest.raises(ValueError, match='loss_name'):
        PseudoLabelLoss(loss_name='pseudo')
