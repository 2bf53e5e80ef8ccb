"""Test a config with the stock tool of the installed MMSegmentation."""
import sys
from pathlib import Path

# Last on the path: an installed mmseg_ext comes first, a bare clone works too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmseg_ext.utils.stock_tools import run_stock_tool  # noqa: E402

if __name__ == '__main__':
    run_stock_tool('test.py')
