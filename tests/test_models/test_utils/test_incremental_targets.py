import pytest
import torch

from mmseg_ext.models.utils import incremental_targets as targets


def column(*values):
    return torch.tensor(values)[None, :, None, None]


def shown(value):
    return torch.full((1, 1, 1, 1), float(value))


class TestStudentTarget:
    old = column(0.9, 0.05, 0.05)
    taught = column(0.2, 0.1, 0.1, 0.8)

    def target(self, y=1, alpha=0.5, eta=0.9, background='min'):
        return targets.student_target(self.old, self.taught, shown(y), alpha,
                                      eta, background).flatten().tolist()

    def test_class_shown(self):
        assert self.target() == pytest.approx([0.10, 0.055, 0.055, 0.90])
        assert self.target(background='average')[0] == pytest.approx(0.83)

    def test_class_not_shown(self):
        found = self.target(y=0)
        assert found[0] == pytest.approx(0.60) and found[3] == 0

    def test_old_model_alone(self):
        found = self.target(alpha=0, eta=1)
        assert found == pytest.approx([0.2, 0.05, 0.05, 0.8])


def test_old_class_target():
    old = torch.cat([column(0.9, 0.3), column(0.2, 0.3)])
    masks = torch.cat([column(0.75, 0.), column(0., 0.1)])
    found = targets.old_class_target(old, masks)
    assert found.flatten().tolist() == pytest.approx([0.25, 0.3, 0.2, 0.3])


def test_paste_one_hot():
    target = torch.rand(1, 3, 2, 2)
    pasted = torch.tensor([[[0, 1], [2, 0]]])
    found = targets.paste_one_hot(target, pasted)
    assert found[0, :, 0, 1].tolist() == [0, 1, 0]
    assert found[0, :, 1, 0].tolist() == [0, 0, 1]
    assert torch.equal(found[0, :, 0, 0], target[0, :, 0, 0])


def test_contrast_labels():
    old = torch.tensor([[.6, .1], [.1, .7], [.4, .4], [.9, 0], [.9, 0],
                        [.9, 0], [.9, 0]]).T[None, :, None]
    masks = torch.tensor([[.5, 0.], [0, 0], [0, 0], [.9, .2], [.9, .8],
                          [0, .8], [.9, 0]]).T[None, :, None]
    pasted = torch.tensor([[[0, 0, 0, 0, 0, 1, 0]]])
    valid = torch.tensor([[[[1, 1, 1, 1, 1, 1, 0]]]])
    found = targets.contrast_labels(old, masks, pasted, valid)
    assert found.flatten().tolist() == [0, 1, 255, 2, 255, 1, 255]


def test_image_label_matrix():
    found = targets.image_label_matrix([(4, 6), (), (5, )], 4, 3,
                                       torch.device('cpu'))
    assert found[:, :, 0, 0].tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
