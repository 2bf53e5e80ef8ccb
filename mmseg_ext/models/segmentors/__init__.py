from .ensemble_segmentor import EnsembleSegmentor

__all__ = ['EnsembleSegmentor']
