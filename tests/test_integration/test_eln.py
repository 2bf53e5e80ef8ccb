import pytest

from .method_battery import MethodBattery


class TestELN(MethodBattery):
    config = 'configs/eln/eln_toystreet.py'


@pytest.mark.slow
class TestThreshold(MethodBattery):
    config = 'configs/eln/threshold_toystreet.py'


@pytest.mark.slow
class TestSECN(MethodBattery):
    config = 'configs/eln/secn_toystreet.py'
