import pytest

from .method_battery import MethodBattery

CLIP = 'optim_wrapper.clip_grad.segmentor.max_norm=1.0'


class TestAdvEnt(MethodBattery):
    config = 'configs/advent/advent_toystreet.py'
    clip_option = CLIP


@pytest.mark.slow
class TestMinEnt(MethodBattery):
    config = 'configs/advent/minent_toystreet.py'
    clip_option = CLIP
