from .branch_data_preprocessor import BranchDataPreprocessor, knows_branches

__all__ = ['BranchDataPreprocessor', 'knows_branches']
