import pytest
import torch
from mmengine.runner import Runner

from .method_battery import MethodBattery, losses, scalars, short_config, write
from .tool_runner import run_tool


@pytest.mark.slow
class TestAdaptSegNet(MethodBattery):
    config = 'configs/adaptsegnet/adaptsegnet_toystreet.py'
    clip_option = 'optim_wrapper.clip_grad.adversaries.max_norm=1.0'


@pytest.fixture
def short(toystreet, tmp_path):
    """Read a config, shortened as the battery does."""
    return lambda name, iters=6: short_config(
        f'configs/adaptsegnet/{name}_toystreet.py', toystreet, tmp_path / name,
        iters)


class TestBaselines:

    def test_both_domains_are_scored(self, short, tmp_path):
        cfg = short('bn_control')
        run_tool('tools/train.py', write(cfg, tmp_path / 'config.py'))
        row = scalars(cfg.work_dir)[-1]
        assert {'mIoU', 'source/mIoU', 'target_entropy'} <= set(row)
        assert len(losses(cfg.work_dir)) == cfg.train_cfg.max_iters

    def test_source_stage_is_the_same_for_every_method(self, short, tmp_path):
        """One seed, one model of the source, whatever adapts it."""
        states = []
        for name in ('source_only', 'adaptsegnet'):
            cfg = short(name, iters=2)
            cfg.default_hooks.stage.stages[0]['iters'] = 2
            run_tool('tools/train.py', write(cfg, tmp_path / f'{name}.py'))
            state = torch.load(f'{cfg.work_dir}/iter_2.pth')['state_dict']
            states.append({
                key: value
                for key, value in state.items() if 'segmentor' in key
            })
        assert states[0].keys() == states[1].keys()
        for key, value in states[0].items():
            assert torch.equal(value, states[1][key]), key


class TestBadInput:
    """One sentence that names the field, ahead of the first iteration."""

    def check(self, cfg, message):
        with pytest.raises(Exception, match=message) as error:
            Runner.from_cfg(cfg).train()
        assert str(error.value).count('\n') == 0

    def test_level_that_the_segmentor_lacks(self, short):
        cfg = short('adaptsegnet')
        cfg.model.adversaries[1].level = 'auxiliary_head.1'
        self.check(
            cfg, r"model.adversaries\[1\].level is 'auxiliary_head.1', but "
            'the segmentor has only the levels')

    def test_empty_target(self, short, tmp_path):
        (tmp_path / 'empty/images').mkdir(parents=True)
        cfg = short('adaptsegnet')
        target = cfg.train_dataloader.dataset.target
        target.update(
            data_root=str(tmp_path / 'empty'),
            data_prefix=dict(img_path='images'))
        self.check(cfg, 'target.*empty/images .* has no image')

    def test_target_of_another_class_count(self, short):
        cfg = short('adaptsegnet')
        classes = ('sky', 'building', 'road', 'pavement', 'tree')
        cfg.val_dataloader.dataset.metainfo = dict(classes=classes)
        cfg.val_cfg.source_dataloader.dataset.metainfo = dict(classes=classes)
        self.check(
            cfg, 'val_dataloader.dataset has 5 classes .*, but '
            'train_dataloader.dataset.source has 9')

    def test_source_val_of_another_class_count(self, short):
        cfg = short('adaptsegnet')
        dataset = cfg.val_cfg.source_dataloader.dataset
        dataset.metainfo = dict(classes=('sky', 'road'))
        self.check(
            cfg, 'val_cfg.source_dataloader.dataset has the classes sky, road')

    def test_no_target_branch(self, short):
        cfg = short('adaptsegnet')
        cfg.train_dataloader.dataset.target = None
        cfg.train_dataloader.sampler.source_sizes = dict(source=4)
        cfg.train_dataloader.batch_size = 4
        self.check(cfg, "needs the branches .*'target'")
