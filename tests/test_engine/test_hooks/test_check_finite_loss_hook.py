import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.structures import InstanceData, PixelData
from mmseg.structures import SegDataSample
from toys import toy_runner

from mmseg_ext.engine import CheckFiniteLossHook
from mmseg_ext.engine.batch_dump import decode, encode, image_paths
from mmseg_ext.engine.replay import load_dump, replay

CHECK = dict(custom_hooks=[dict(type='CheckFiniteLossHook')])
ROOT = Path(__file__).parents[3]


class Poison(Hook):
    """Make a weight infinite ahead of one iteration."""

    def __init__(self, at):
        self.at, self.before = at, None

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.at:
            weight = runner.model.segmentor.layers[4].weight
            with torch.no_grad():
                weight[0, 0] = float('inf')
            self.before = {
                k: v.clone()
                for k, v in runner.model.state_dict().items()
            }


def poisoned(work_dir, at=3, **kwargs):
    runner = toy_runner(work_dir, **CHECK, **kwargs)
    poison = Poison(at)
    runner.register_hook(poison)
    with pytest.raises(FloatingPointError) as error:
        runner.train()
    return runner, poison, str(error.value)


def test_stops_at_the_first_bad_iteration_ahead_of_the_step(tmp_path):
    runner, poison, message = poisoned(tmp_path)
    assert 'loss_ce' in message and 'iteration 4,' in message
    for name, value in runner.model.state_dict().items():
        if 'running' not in name and 'num_' not in name:
            assert torch.equal(value, poison.before[name]), name
    assert sorted(p.name for p in tmp_path.glob('iter*')) == ['iter_2.pth']
    dump = load_dump(str(tmp_path / 'nonfinite_iter_4_rank_0.pth'))
    assert dump['iter'] == 3 and dump['losses'] == ['loss_ce']
    for path in image_paths(decode(dump['data_batch'])):
        assert path in message
    assert str(tmp_path / 'nonfinite_iter_4_rank_0.pth') in message


def test_a_bad_image_is_named(tmp_path):
    runner = toy_runner(tmp_path, **CHECK,
                        **{'train_dataloader.dataset.nan_at': [7]})
    with pytest.raises(FloatingPointError, match=r'img_7\.png'):
        runner.train()


def test_a_bad_image_among_accumulated_batches_is_named(tmp_path):
    runner = toy_runner(
        tmp_path, **CHECK, **{
            'train_dataloader.dataset.nan_at': [7],
            'train_cfg.accumulative_counts': 4
        })
    seeds = []
    step = runner.model.train_step

    def train_step(data, optim_wrapper):
        seeds.append(torch.initial_seed())
        return step(data, optim_wrapper=optim_wrapper)

    runner.model.train_step = train_step
    with pytest.raises(FloatingPointError, match=r'img_7\.png') as error:
        runner.train()
    assert error.value.args[0].count('img_') == 3
    iteration = (len(seeds) - 1) // 4
    # Not the first one of its iteration, or the test shows nothing.
    assert (len(seeds) - 1) % 4 > 0
    dump = load_dump(
        str(tmp_path / f'nonfinite_iter_{iteration + 1}_rank_0.pth'))
    assert any('img_7' in p for p in image_paths(decode(dump['data_batch'])))
    assert dump['seed'] in seeds


def test_gradients_do_not_stop_and_accumulation_does(tmp_path):
    # Without a step the flag is read at the end of the iteration.
    _, _, message = poisoned(
        tmp_path, at=0, **{'optim_wrapper.accumulative_counts': 4})
    assert 'iteration 1,' in message
    runner = toy_runner(tmp_path / 'fine', **CHECK)
    runner.model.segmentor.layers[0].weight.register_hook(
        lambda grad: torch.zeros_like(grad) / 0)
    runner.train_loop._max_iters = 1
    runner.train()


def test_replay_finds_the_module(tmp_path):
    poisoned(tmp_path)
    result = replay(load_dump(str(tmp_path / 'nonfinite_iter_4_rank_0.pth')))
    assert not np.isfinite(result.losses['loss_ce'])
    assert result.first_bad.startswith('segmentor.layers.4 (Linear): 3 of 9')
    assert result.first_bad.endswith('its inputs were finite')
    assert result.bad_state == ['segmentor.layers.4.weight']


def test_replay_draws_the_same_random_numbers(tmp_path):
    # The loss of a healthy iteration is replayed to the bit.
    runner = toy_runner(tmp_path, **CHECK, max_iters=3)
    hook = next(h for h in runner.hooks if 'Finite' in type(h).__name__)
    paths = []

    class Dump(Hook):
        priority = 'LOWEST'

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter == 2:
                paths.append(hook._dump(['none']))

    runner.register_hook(Dump())
    runner.train()
    expected = runner.message_hub.get_scalar('train/loss_ce').current()
    result = replay(load_dump(paths[0]))
    assert result.losses['loss_ce'] == expected
    assert result.first_bad is None


def test_the_command_replays_a_dump(tmp_path):
    poisoned(tmp_path, custom_imports=dict(imports=['toys']))
    result = subprocess.run([
        sys.executable, ROOT / 'tools/replay_batch.py',
        str(tmp_path / 'nonfinite_iter_4_rank_0.pth'), '--device', 'cpu'
    ],
                            capture_output=True,
                            text=True,
                            env=dict(
                                os.environ,
                                PYTHONPATH=os.pathsep.join([
                                    str(Path(__file__).parents[1]),
                                    os.environ.get('PYTHONPATH', '')
                                ])))
    assert result.returncode == 0, result.stderr[-2000:]
    assert 'first non-finite output: segmentor.layers.4' in result.stdout
    assert 'last checkpoint before it' in result.stdout


def test_a_foreign_file_is_refused(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='no batch dump'):
        load_dump(str(tmp_path / 'x.pth'))


def test_batches_survive_encoding(tmp_path):
    sample = SegDataSample(
        metainfo=dict(
            img_path='a.png',
            scale=np.array([1., 2.]),
            shape=(3, 4),
            flag=np.bool_(True)))
    sample.gt_sem_seg = PixelData(data=torch.arange(4).view(1, 2, 2))
    batch = dict(
        inputs=dict(labeled=[torch.ones(3, 2, 2).byte()], unlabeled=[None]),
        data_samples=dict(labeled=[sample], unlabeled=[None]))
    torch.save(encode(batch), tmp_path / 'b.pth')
    back = decode(torch.load(tmp_path / 'b.pth', weights_only=True))
    other = back['data_samples']['labeled'][0]
    assert type(other) is SegDataSample
    assert torch.equal(other.gt_sem_seg.data, sample.gt_sem_seg.data)
    assert other.shape == (3, 4) and other.flag is True
    assert other.metainfo['scale'].tolist() == [1., 2.]
    assert back['data_samples']['unlabeled'] == [None]
    assert image_paths(batch) == image_paths(back) == ['a.png']


def test_arrays_are_copied_only_where_they_must(recwarn):
    """They are encoded in every iteration."""
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    read_only = array.copy()
    read_only.setflags(write=False)
    batch = [array, array[:, ::-1], read_only, np.array(3.), np.zeros((0, 4))]
    encoded = encode(batch)
    for value, found in zip(batch, decode(encoded)):
        assert found.shape == value.shape and found.dtype == value.dtype
        assert (found == value).all()
    assert np.shares_memory(encoded[0]['data'].numpy(), array)
    assert encode(np.array(['a.png'])) == "array(['a.png'], dtype='<U5')"
    assert not recwarn.list


def test_boxes_and_masks_of_objects_survive(tmp_path):
    """Of another number than the letters of their repr."""
    pytest.importorskip('mmdet')
    from mmdet.structures import DetDataSample
    from mmdet.structures.bbox import HorizontalBoxes
    from mmdet.structures.mask import BitmapMasks, PolygonMasks
    sample = DetDataSample(metainfo=dict(img_path='a.png'))
    bitmaps = np.arange(24).reshape(2, 3, 4).astype(np.uint8) % 2
    outline = [np.array([0., 0., 3., 0., 3., 2.])]
    sample.gt_instances = InstanceData(
        bboxes=HorizontalBoxes(torch.tensor([[0., 1., 2., 3.]] * 2)),
        masks=BitmapMasks(bitmaps, 3, 4),
        labels=torch.tensor([1, 0]))
    sample.ignored_instances = InstanceData(
        masks=PolygonMasks([outline], 3, 4))
    torch.save(encode([sample]), tmp_path / 'b.pth')
    back, = decode(torch.load(tmp_path / 'b.pth', weights_only=True))
    found = back.gt_instances
    assert type(found.bboxes) is HorizontalBoxes
    assert torch.equal(found.bboxes.tensor, sample.gt_instances.bboxes.tensor)
    assert type(found.masks) is BitmapMasks and found.masks.width == 4
    assert (found.masks.masks == bitmaps).all()
    other, = back.ignored_instances.masks.masks
    assert type(back.ignored_instances.masks) is PolygonMasks
    assert (other[0] == outline[0]).all()


def test_boxes_of_a_foreign_class_are_refused():
    encoded = dict(
        __kind__='detection', module='mmdet.apis', name='DetInferencer')
    with pytest.raises(ValueError, match='expected one of OpenMMLab'):
        decode(dict(encoded, content=()))


def test_a_foreign_class_is_refused():
    encoded = encode(SegDataSample())
    encoded.update(module='os', name='system')
    with pytest.raises(ValueError, match='os.system'):
        decode(encoded)


def test_the_dump_holds_the_batch_ahead_of_the_preprocessor(tmp_path):
    sample = SegDataSample(metainfo=dict(img_path='a.png'))
    sample.gt_sem_seg = PixelData(data=torch.ones(1, 2, 2))
    hook = CheckFiniteLossHook()
    hook.before_train_iter(None, 0, dict(data_samples=[sample]))
    # As stock padding does it, on the very same sample.
    sample.gt_sem_seg = PixelData(data=torch.ones(1, 4, 4))
    kept = decode(hook._data_batch)['data_samples'][0]
    assert kept.gt_sem_seg.shape == (2, 2)
