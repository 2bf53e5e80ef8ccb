import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mmseg_ext.models.utils.pseudo_label_statistics import \
    PseudoLabelStatistics


def test_against_a_loop_over_pixels():
    torch.manual_seed(0)
    stats = PseudoLabelStatistics(4)
    predicted, kept, conf = [0.] * 4, [0.] * 4, [0.] * 4
    for _ in range(2):
        label = torch.randint(0, 3, (2, 5, 7))
        label[0, 0, :3] = 255
        keep = torch.rand(2, 5, 7) > 0.4
        confidence = torch.rand(2, 5, 7)
        valid = torch.rand(2, 5, 7) > 0.2
        stats.update(label, keep, confidence, valid)
        for c, k, p, v in zip(label.flatten(), keep.flatten(),
                              confidence.flatten(), valid.flatten()):
            if v and c < 4:
                predicted[c] += 1
                kept[c] += bool(k)
                conf[c] += float(p)
    result = stats.summary()
    assert result['predicted'].tolist() == predicted
    assert result['kept'].tolist() == kept
    for c in range(3):
        assert abs(result['kept_ratio'][c] - kept[c] / predicted[c]) < 1e-12
        assert abs(result['confidence'][c] - conf[c] / predicted[c]) < 1e-6
        assert abs(result['share'][c] - predicted[c] / sum(predicted)) < 1e-12
    # Class 3 never occurs: zeros, no division by nothing.
    assert result['kept_ratio'][3] == result['confidence'][3] == 0


class Recorder(TorchDispatchMode):
    """Names of the operators that run in its scope."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(str(function))
        return function(*args, **(kwargs or {}))


def test_an_update_does_not_wait_for_the_device():
    """Nothing is read from it, and no number is copied to it."""
    stats = PseudoLabelStatistics(2)
    label, keep = torch.zeros(1, 2, 2).long(), torch.ones(1, 2, 2).bool()
    with Recorder() as recorder:
        stats.update(label, keep, keep.float(), keep)
    waiting = ('lift_fresh', '_local_scalar_dense', 'nonzero')
    assert recorder.names
    assert not [
        name
        for name in recorder.names if any(word in name for word in waiting)
    ]


def test_reset_and_checkpoint():
    stats = PseudoLabelStatistics(2)
    stats.update(
        torch.zeros(1, 2, 2).long(),
        torch.ones(1, 2, 2).bool(), torch.ones(1, 2, 2))
    stats.reset()
    assert stats.summary()['predicted'].sum() == 0
    assert not stats.state_dict()
