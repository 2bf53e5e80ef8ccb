"""Classifiers whose gradients are known."""
import torch
from torch import nn

from mmseg_ext.models.explainers import ExplainedClassifier


class Linear(nn.Module):
    """Logits that are linear in the image."""

    def __init__(self, num_classes=3, size=(4, 5), dtype=torch.float32):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        weight = torch.randn((num_classes, 3, *size), generator=generator)
        self.weight = nn.Parameter(weight.to(dtype))

    def forward(self, images):
        return torch.einsum('nchw,kchw->nk', images, self.weight)


class Network(nn.Module):
    """A small network with dropout and batch normalisation."""

    def __init__(self, seed=0, num_classes=4):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.SiLU(),
            nn.Dropout(0.5), nn.Conv2d(8, 8, 3, padding=1), nn.SiLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, num_classes))

    def forward(self, images):
        return self.layers(images)


def explained(module, name='toy', **kwargs):
    return ExplainedClassifier(module, name, **kwargs)
