import pytest

from .method_battery import MethodBattery


class TestDANet(MethodBattery):
    config = 'configs/danet/danet_toystreet.py'


@pytest.mark.slow
class TestFastFCN(MethodBattery):
    config = 'configs/fastfcn/fastfcn_toystreet.py'


@pytest.mark.slow
class TestGSCNN(MethodBattery):
    config = 'configs/gscnn/gscnn_toystreet.py'
