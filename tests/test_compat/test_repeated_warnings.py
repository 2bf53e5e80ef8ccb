import subprocess
import sys

READ_TWICE = """
import mmseg_ext
from mmengine.config import Config
for _ in range(2):
    base = "_base_ = ['mmseg::_base_/default_runtime.py']"
    Config.fromstring(base, '.py')
"""


def test_reading_configs_does_not_warn_each_time():
    done = subprocess.run([sys.executable, '-c', READ_TWICE],
                          capture_output=True,
                          text=True,
                          check=True)
    assert done.stderr.count('pkg_resources is deprecated') <= 1
