from .stack import check_stack
from .stock_tools import inner_segmentor, run_stock_tool, stock_tool_path

__all__ = [
    'check_stack', 'inner_segmentor', 'run_stock_tool', 'stock_tool_path'
]
