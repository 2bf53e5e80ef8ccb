from .ensemble_segmentor import EnsembleSegmentor
from .shape_stream_encoder_decoder import ShapeStreamEncoderDecoder

__all__ = [
    'EnsembleSegmentor',
    'ShapeStreamEncoderDecoder',
]
