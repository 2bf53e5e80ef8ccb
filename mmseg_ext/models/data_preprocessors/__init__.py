from .branch_data_preprocessor import BranchDataPreprocessor

__all__ = ['BranchDataPreprocessor']
