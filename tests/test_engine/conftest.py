import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def close_logs():
    """Toy runners open a log file each."""
    yield
    import logging

    from mmengine.logging import MessageHub, MMLogger
    from mmengine.visualization import Visualizer
    logging.shutdown()
    for manager in (MMLogger, MessageHub, Visualizer):
        manager._instance_dict.clear()
