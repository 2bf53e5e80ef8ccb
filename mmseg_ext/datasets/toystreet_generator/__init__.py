"""ToyStreet: small street scenes in two domains, drawn by arithmetic alone."""
from .classes import CLASSES, DOMAINS, PALETTE, SPLITS, THINGS
from .generate import generate
from .render import Sample, render

__all__ = [
    'CLASSES', 'DOMAINS', 'PALETTE', 'SPLITS', 'THINGS', 'Sample', 'generate',
    'render'
]
