from .oneformer_text_mapper import OneFormerTextMapper

__all__ = ['OneFormerTextMapper']
