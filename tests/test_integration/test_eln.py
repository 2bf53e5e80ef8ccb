from .method_battery import MethodBattery


class TestELN(MethodBattery):
    config = 'configs/eln/eln_toystreet.py'


class TestThreshold(MethodBattery):
    config = 'configs/eln/threshold_toystreet.py'
