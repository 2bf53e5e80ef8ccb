from .multi_source_sampler import MultiSourceSampler
from .seeded_index import SeededIndex, hash_seed, seeded
from .source_order import SourceOrder

__all__ = [
    'MultiSourceSampler', 'SeededIndex', 'SourceOrder', 'hash_seed', 'seeded'
]
