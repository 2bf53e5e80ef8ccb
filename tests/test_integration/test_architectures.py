import pytest

from .method_battery import MethodBattery


class TestDANet(MethodBattery):
    """A plain segmentor already: there is nothing to export."""
    config = 'configs/danet/danet_toystreet.py'


@pytest.mark.slow
class TestFastFCN(MethodBattery):
    """A plain segmentor already: there is nothing to export."""
    config = 'configs/fastfcn/fastfcn_toystreet.py'


@pytest.mark.slow
class TestGSCNN(MethodBattery):
    """A plain segmentor already: there is nothing to export."""
    config = 'configs/gscnn/gscnn_toystreet.py'
