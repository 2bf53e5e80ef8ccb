import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint
from mmengine.testing import RunnerTestCase

from mmseg_ext.compat import safe_globals

pytestmark = pytest.mark.skipif(
    not safe_globals._loads_safely(), reason='torch < 2.6')


class TestResume(RunnerTestCase):
    """A checkpoint made by mmengine's runner is saved and resumed."""

    def test_resume(self):
        cfg = self.iter_based_cfg
        cfg.train_cfg.max_iters = 2
        cfg.default_hooks = dict(
            checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))
        runner = self.build_runner(cfg)
        runner.message_hub.update_info('best_score', np.float64(0.5))
        runner.message_hub.update_info('palette', np.eye(3, dtype=np.uint8))
        runner.train()
        cfg.train_cfg.max_iters = 3
        cfg.resume = True
        resumed = self.build_runner(cfg)
        resumed.train()
        assert resumed.iter == 3
        hub = resumed.message_hub
        assert hub.get_info('best_score') == 0.5
        assert hub.get_info('palette').tolist() == np.eye(3).tolist()
        # two values from the checkpoint and one of its own
        assert len(hub.get_scalar('train/loss').data[0]) == 3


class Malicious:

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path, )


@pytest.mark.parametrize('legacy', [False, True])
def test_a_malicious_checkpoint_is_refused(tmp_path, legacy):
    trap = tmp_path / 'trap'
    path = str(tmp_path / 'malicious.pth')
    torch.save(
        dict(state_dict=dict(), meta=Malicious(trap)),
        path,
        _use_new_zipfile_serialization=not legacy)
    model = torch.nn.Conv2d(1, 1, 1)
    with pytest.raises(pickle.UnpicklingError):
        load_checkpoint(model, path, map_location='cpu')
    assert not trap.exists()
    # The trap works where nobody looks after it.
    torch.load(path, weights_only=False)
    assert trap.exists()


@pytest.mark.parametrize('dtype', '?bhilqBHILQefd')
def test_numbers(tmp_path, dtype):
    path = tmp_path / 'numbers.pth'
    content = dict(
        array=np.array([0, 1]).astype(dtype), scalar=np.dtype(dtype).type(1))
    torch.save(content, path)
    found = torch.load(path)
    assert found['array'].dtype == content['array'].dtype
    assert found['array'].tolist() == [0, 1]
    assert found['scalar'] == 1


@pytest.mark.parametrize('package', ['core', '_core'])
def test_files_of_either_numpy(tmp_path, package):
    path = tmp_path / 'history.pth'
    torch.save(
        HistoryBuffer([1., 2.], [1, 1]),
        path,
        _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    for name in (b'core', b'_core'):
        content = content.replace(b'numpy.' + name + b'.multiarray',
                                  b'numpy.%s.multiarray' % package.encode())
    path.write_bytes(content)
    assert torch.load(path).mean() == 1.5


class AttributeOf:

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return getattr, self.arguments


@pytest.mark.parametrize('owner, name', [
    (HistoryBuffer, '__init__'),
    (HistoryBuffer, 'register_statistics'),
    (np.ndarray, 'tofile'),
    (torch.Tensor, 'mean'),
])
def test_getattr_gives_statistics_only(tmp_path, owner, name):
    path = tmp_path / 'attribute.pth'
    torch.save(AttributeOf(HistoryBuffer, 'mean'), path)
    assert torch.load(path) is HistoryBuffer.mean
    torch.save(AttributeOf(owner, name), path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path)


def test_nothing_else_is_allowed():
    names = {
        entry[1].rpartition('.')[2]
        if isinstance(entry, tuple) else entry.__name__
        for entry in safe_globals.mmengine_globals()
    }
    # getattr is replaced by a function that gives four methods only
    functions = {'_reconstruct', 'scalar', 'getattr'}
    classes = {'HistoryBuffer', 'ndarray', 'dtype'}
    assert functions | classes <= names
    rest = names - functions - classes
    assert rest and all(name.endswith('DType') for name in rest), rest


def test_the_unsafe_second_attempt_of_the_fork_is_taken_out(
        monkeypatch, tmp_path):
    from mmengine.runner import checkpoint

    def fork(file, map_location=None, weights_only=None):
        return torch.load(file, map_location, weights_only=False)

    monkeypatch.setattr(checkpoint, '_safe_torch_load', fork, raising=False)
    assert 'does not fall back' in safe_globals.apply()
    trap, path = tmp_path / 'trap', tmp_path / 'malicious.pth'
    torch.save(Malicious(trap), path)
    with pytest.raises(pickle.UnpicklingError):
        checkpoint._safe_torch_load(path, map_location='cpu')
    assert not trap.exists()
    # Who asks for it by name gets it.
    checkpoint._safe_torch_load(path, weights_only=False)
    assert trap.exists()
