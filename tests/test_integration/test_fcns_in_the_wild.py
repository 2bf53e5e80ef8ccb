import pytest

from .method_battery import MethodBattery
from .tool_runner import REPO, run_tool


def count_class_sizes(cfg, toystreet):
    """Write the statistics that a constraint on class sizes reads."""
    for loss in cfg.model.get('target_losses', []):
        data = f'{REPO}/configs/_base_/datasets/toystreet_day_to_dusk.py'
        run_tool('tools/dataset_converters/class_size_statistics.py', data,
                 loss.stats, '--cfg-options',
                 f'train_dataloader.dataset.source.data_root={toystreet}/day')


@pytest.mark.slow
class TestFCNsInTheWild(MethodBattery):
    config = 'configs/fcns_in_the_wild/fcns_toystreet.py'
    clip_option = 'optim_wrapper.clip_grad.segmentor.max_norm=1.0'

    @pytest.fixture(autouse=True)
    def class_sizes(self, toystreet, cfg):
        count_class_sizes(cfg, toystreet)
