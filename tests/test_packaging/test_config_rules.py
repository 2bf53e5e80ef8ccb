"""What MIM and ``_base_ = ['mmseg_ext::...']`` ask of the folder configs."""
import copy
import re
from collections import Counter

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS


def method_folders(repo):
    return sorted(
        path for path in (repo / 'configs').iterdir()
        if path.is_dir() and path.name != '_base_')


def config_files(repo):
    return [
        path for folder in method_folders(repo)
        for path in sorted(folder.rglob('*.py'))
    ]


def test_there_is_a_method(repo):
    assert method_folders(repo) and config_files(repo)


def test_base_names_are_unique(repo):
    """MIM finds a config by its base name and refuses twins."""
    names = Counter(path.name for path in (repo / 'configs').rglob('*.py'))
    assert [name for name, count in names.items() if count > 1] == []


def test_method_folders_are_complete(repo):
    missing = []
    for folder in method_folders(repo):
        missing += [
            f'{folder.name}/{name}' for name in ('README.md', 'metafile.yaml')
            if not (folder / name).is_file()
        ]
        if not list(folder.glob('*toystreet*.py')):
            missing.append(f'{folder.name}/*toystreet*.py')
    assert missing == []


def test_model_index_imports_every_metafile(repo):
    imported = load(str(repo / 'model-index.yml'))['Import']
    found = [
        path.relative_to(repo).as_posix()
        for path in sorted((repo / 'configs').rglob('metafile.y*ml'))
    ]
    assert sorted(imported) == found


def test_metafiles_list_models_with_configs(repo):
    """mmengine reads ``Models`` of every metafile, whichever is asked for."""
    for name in load(str(repo / 'model-index.yml'))['Import']:
        content = load(str(repo / name))
        assert isinstance(content.get('Models'), list), name
        for model in content['Models']:
            assert model.get('Name') and model.get('Config'), (name, model)
            path = repo / model['Config']
            assert path.is_file(), (name, model['Config'])


def test_metafile_names_are_unique(repo):
    names = Counter(model['Name']
                    for name in load(str(repo / 'model-index.yml'))['Import']
                    for model in load(str(repo / name))['Models'])
    assert [name for name, count in names.items() if count > 1] == []


def test_every_config_is_in_a_metafile(repo):
    """``mim search`` knows no other."""
    listed = {
        model['Config']
        for name in load(str(repo / 'model-index.yml'))['Import']
        for model in load(str(repo / name))['Models']
    }
    assert [
        name for name in (path.relative_to(repo).as_posix()
                          for path in config_files(repo)) if name not in listed
    ] == []


def build_model(cfg):
    """Build the model of a config, without memory for its weights.

    What an earlier step has to make first, a checkpoint or statistics, is not
    there. As in the runner a model without a preprocessor gets that at the
    top of the config.
    """
    model = copy.deepcopy(cfg.model)
    if cfg.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    with DefaultScope.overwrite_default_scope(
            cfg.get('default_scope', 'mmseg')), torch.device('meta'):
        try:
            MODELS.build(model)
        except FileNotFoundError as error:
            if not re.search('(work_dirs|data)/', str(error)):
                raise


@pytest.fixture(scope='module')
def configs(repo):
    """Every config by its path, or what reading it raised."""
    read = {}
    for path in config_files(repo):
        try:
            read[path] = Config.fromfile(str(path))
        except Exception as error:  # all of them in one message
            read[path] = error
    return read


def test_configs_read_and_models_build(configs, monkeypatch):
    """Every config reads by itself, under the bare stock tools as well."""
    # backbones take the rates of their stochastic depth from it
    linspace = torch.linspace
    monkeypatch.setattr(
        torch, 'linspace',
        lambda *args, **kwargs: linspace(*args, **dict(kwargs, device='cpu')))
    built = set()
    broken = {}
    for path, cfg in configs.items():
        if isinstance(cfg, Exception):
            broken[path.name] = repr(cfg)
            continue
        if 'mmseg_ext' not in cfg.get('custom_imports', {}).get('imports', []):
            broken[path.name] = 'no custom_imports of mmseg_ext'
        if not cfg.get('auto_scale_lr', {}).get('base_batch_size'):
            broken[path.name] = 'no auto_scale_lr.base_batch_size'
        if str(cfg.model) not in built:
            built.add(str(cfg.model))
            try:
                build_model(cfg)
            except Exception as error:
                broken[path.name] = repr(error)
    assert broken == {}


def batches(cfg):
    """Batch of the learning rate, that of a GPU in a step of the loop."""
    # what the wrapper accumulates the config itself counts
    counts = cfg.train_cfg.get('accumulative_counts', 1)
    return (cfg.auto_scale_lr.base_batch_size,
            counts * cfg.train_dataloader.batch_size)


def test_configs_for_several_gpus_have_a_sibling_for_one(configs):
    missing = []
    for path, cfg in configs.items():
        base, batch = batches(cfg)
        if base == batch:
            continue
        assert base % batch == 0, path.name
        names = [f'{path.stem}_1gpu.py', re.sub('_[48]gpu$', '.py', path.stem)]
        siblings = [
            configs[path.with_name(name)] for name in names
            if path.with_name(name) in configs
        ]
        if not any(len(set(batches(sibling))) == 1 for sibling in siblings):
            missing.append(path.name)
    assert missing == []


def test_siblings_for_one_gpu_take_the_same_steps(configs):
    """They differ in nothing but how a step comes about."""
    siblings = [path for path in configs if path.stem.endswith('_1gpu')]
    assert siblings
    for path in siblings:
        one = copy.deepcopy(configs[path].to_dict())
        several = copy.deepcopy(configs[path.with_name(
            re.sub('_1gpu$', '.py', path.stem))].to_dict())
        base = several['auto_scale_lr']['base_batch_size']
        gpus = base // several['train_dataloader']['batch_size']
        if 'Epoch' in one['train_cfg']['type']:
            assert one['optim_wrapper'].pop('accumulative_counts') == gpus
            assert one.pop('auto_scale_lr')['base_batch_size'] == base // gpus
            several.pop('auto_scale_lr')
            for scheduler in several['param_scheduler']:
                if not scheduler['by_epoch']:
                    scheduler['end'] *= gpus
        else:
            # some networks cannot learn from one image alone
            images = one['train_dataloader'].pop('batch_size')
            assert images >= several['train_dataloader'].pop('batch_size')
            assert (one['train_cfg'].pop('accumulative_counts') *
                    images == base), path.name
            kind = one['train_cfg'].pop('type')
            assert kind.endswith('ResumableIterBasedTrainLoop'), path.name
            several['train_cfg'].pop('type')
        assert one == several, path.name


def test_image_pooling_with_batch_norm_gets_two_images(configs):
    """SyncBN is BN on one GPU, and BN refuses one pixel of one image."""
    one_gpu = [
        cfg for path, cfg in configs.items() if path.match('gscnn/*.py') and
        cfg.auto_scale_lr.base_batch_size == cfg.train_dataloader.batch_size *
        cfg.train_cfg.get('accumulative_counts', 1)
    ]
    assert len(one_gpu) > 2
    assert all(cfg.train_dataloader.batch_size > 1 for cfg in one_gpu)


def test_grey_of_the_paper_configs_is_luma(configs):
    found = 0
    for path, cfg in configs.items():
        for node in nodes(cfg.get('train_dataloader', {})):
            if node.get('type') != 'RandomGrayscale':
                continue
            if 'voc12' in path.name or 'cityscapes' in path.name:
                found += 1
                assert node.channel_weights == (0.114, 0.587, 0.299), path.name
                assert node.color_format == 'bgr', path.name
    assert found > 20


def nodes(value):
    """All dicts in a config."""
    if isinstance(value, dict):
        yield value
        value = value.values()
    if not isinstance(value, str):
        try:
            for child in value:
                yield from nodes(child)
        except TypeError:
            pass


def test_own_bases_are_paths(repo):
    """The bare stock tools do not know the name ``mmseg_ext::``."""
    wrong = [
        path.name for path in (repo / 'configs').rglob('*.py')
        if 'mmseg_ext::' in path.read_text(encoding='utf-8')
    ]
    assert wrong == []


def test_toystreet_configs_promise_a_figure(configs):
    """``tools/check_expected.py`` holds a run against it."""
    fields = {'metric', 'value', 'tolerance', 'seed'}
    wrong = [
        path.name for path, cfg in configs.items()
        if 'toystreet' in path.name and set(cfg.get('expected', {})) != fields
    ]
    assert wrong == []
