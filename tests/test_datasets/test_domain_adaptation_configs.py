"""The data set configs of domain adaptation, on small files."""
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_ext.datasets.class_counts import ClassCounts, write_class_counts
from mmseg_ext.datasets.samplers import MultiSourceSampler


@pytest.fixture(autouse=True, scope='module')
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def read(repo):
    return lambda name: Config.fromfile(
        str(repo / 'configs/_base_/datasets' / name))


def _write(path, value, size=(526, 957)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, value, np.uint8)).save(path)
    return path


@pytest.fixture
def roots(tmp_path, monkeypatch):
    """Each data set with one or two images, under ``data``."""
    data = tmp_path / 'data'
    for i in range(2):
        _write(data / f'gta/images/{i:05d}.png', 9)
        _write(data / f'gta/labels/{i:05d}_labelTrainIds.png', 14)
        _write(data / f'synthia/RGB/{i}.png', 9)
        _write(data / f'synthia/GT/LABELS/{i}_labelTrainIds.png', 15)
    for split in ('train', 'val'):
        name = f'{split}/aachen/aachen_0'
        _write(data / f'cityscapes/leftImg8bit/{name}_leftImg8bit.png', 9)
        _write(data / f'cityscapes/gtFine/{name}_gtFine_labelTrainIds.png', 14)
    monkeypatch.chdir(tmp_path)
    return data


def first(cfg):
    """First sample of each source, and the sampler's batch."""
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    sampler = MultiSourceSampler(
        dataset,
        seed=0,
        **{
            key: value
            for key, value in cfg.train_dataloader.sampler.items()
            if key not in ('type', '_scope_')
        })
    sampler.bind_batch_size(cfg.train_dataloader.batch_size)
    offset = dataset.source_lengths['source']
    return (dataset[0]['data_samples']['source'],
            dataset[offset]['data_samples']['target'],
            dataset[0]['inputs']['source'],
            dataset[offset]['inputs']['target'])


@pytest.mark.parametrize('name, source_size, target_size', [
    ('gta_to_cityscapes-720x1280_512x1024.py', (720, 1280), (512, 1024)),
    ('gta_to_cityscapes-512x512.py', (512, 512), (512, 512)),
    ('synthia_to_cityscapes-760x1280_512x1024.py', (760, 1280), (512, 1024)),
    ('synthia_to_cityscapes-512x512.py', (512, 512), (512, 512)),
])
def test_sizes_of_the_protocols(roots, read, name, source_size, target_size):
    cfg = read(name)
    source, target, source_image, target_image = first(cfg)
    assert tuple(source_image.shape) == (3, *source_size)
    assert tuple(target_image.shape) == (3, *target_size)
    assert tuple(source.gt_sem_seg.data.shape) == (1, *source_size)
    assert source.valid_mask.data.all() and target.valid_mask.data.all()
    assert 'gt_sem_seg' not in target
    val = DATASETS.build(cfg.val_dataloader.dataset)
    sample = val[0]
    assert tuple(sample['inputs'].shape) == (3, 512, 1024)
    assert tuple(sample['data_samples'].gt_sem_seg.data.shape[1:]) == (526,
                                                                       957)
    assert cfg.test_dataloader.dataset == cfg.val_dataloader.dataset


def test_sixteen_classes(roots, read):
    cfg = read('synthia16_to_cityscapes-760x1280_512x1024.py')
    source = first(cfg)[0]
    assert (source.gt_sem_seg.data == 13).all()  # bus
    val = DATASETS.build(cfg.val_dataloader.dataset)
    assert len(val.metainfo['classes']) == 16
    assert (val[0]['data_samples'].gt_sem_seg.data == 255).all()  # truck


@pytest.mark.parametrize('source', ['gta', 'synthia'])
def test_rare_class_sampling(roots, read, source):
    cfg = read(f'{source}_to_cityscapes_rcs-512x512.py')
    classes = DATASETS.build(cfg.val_dataloader.dataset).metainfo['classes']
    names = ('00000', '00001') if source == 'gta' else ('0', '1')
    counts = np.zeros((2, 19), np.int64)
    counts[:, 14] = 4000
    write_class_counts(
        str(roots / source / 'class_counts.json'),
        ClassCounts(tuple(classes), names, counts))
    first(cfg)


def test_toystreet(toystreet, read, tmp_path, monkeypatch):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/toystreet').symlink_to(toystreet)
    monkeypatch.chdir(tmp_path)
    cfg = read('toystreet_day_to_dusk.py')
    source, target, _, _ = first(cfg)
    assert '/day/' in source.img_path and '/dusk/' in target.img_path
    assert source.gt_sem_seg.data.shape == source.valid_mask.data.shape
    for loader, domain in (('val_dataloader', 'dusk'), ('test_dataloader',
                                                        'dusk'),
                           ('source_val_dataloader', 'day')):
        dataset = DATASETS.build(cfg[loader].dataset)
        assert f'/{domain}/' in dataset[0]['data_samples'].img_path


@pytest.mark.parametrize('name, size', [
    ('camvid_day_to_dusk.py', (360, 480)),
    ('camvid_day_to_dusk-180x240.py', (180, 240)),
])
def test_camvid(read, tmp_path, monkeypatch, name, size):
    root = tmp_path / 'data/camvid'
    for split, frames in (('train', ('0001TP_1', '0006R0_1', '0016E5_1')),
                          ('val', ('0016E5_2', ))):
        for i, frame in enumerate(frames):
            _write(root / f'images/{split}/{frame}.png', 9, (360, 480))
            _write(root / f'annotations/{split}/{frame}.png', i, (360, 480))
    (root / 'splits/day_to_dusk').mkdir(parents=True)
    (root / 'splits/day_to_dusk/source.txt').write_text('0006R0_1\n0016E5_1\n')
    (root / 'splits/day_to_dusk/target.txt').write_text('0001TP_1\n')
    monkeypatch.chdir(tmp_path)
    cfg = read(name)
    source, target, _, image = first(cfg)
    assert '0001TP' in target.img_path and '0001TP' not in source.img_path
    # scaled at random, no larger than the crop
    assert all(have <= most for have, most in zip(image.shape[1:], size))
    for loader, frame in (('val_dataloader', '0001TP_1'), ('test_dataloader',
                                                           '0001TP_1'),
                          ('source_val_dataloader', '0016E5_2')):
        dataset = DATASETS.build(cfg[loader].dataset)
        assert len(dataset) == 1
        sample = dataset[0]
        assert frame in sample['data_samples'].img_path
        assert tuple(sample['inputs'].shape[1:]) == size
        assert sample['data_samples'].ori_shape == (360, 480)
        assert tuple(sample['data_samples'].gt_sem_seg.data.shape[1:]) == (360,
                                                                           480)
