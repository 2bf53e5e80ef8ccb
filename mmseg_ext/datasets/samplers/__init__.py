from .multi_source_sampler import MultiSourceSampler
from .rare_class_order import RareClassOrder, RareClassTable
from .seeded_index import SeededIndex, WantedClass, hash_seed, seeded
from .source_order import SourceOrder

__all__ = [
    'MultiSourceSampler', 'RareClassOrder', 'RareClassTable', 'SeededIndex',
    'SourceOrder', 'WantedClass', 'hash_seed', 'seeded'
]
