import numpy as np
import torch

from mmseg_ext.models.explainers import Explanation, to_deciles
from mmseg_ext.visualization import draw_explanation


def test_every_map_is_drawn():
    torch.manual_seed(0)
    image = torch.full((3, 24, 32), 100, dtype=torch.uint8)
    scores = torch.rand(48, 64)
    found = Explanation(
        to_deciles(scores), scores,
        {f'net{i}': torch.rand(24, 32)
         for i in range(3)}, {})
    plain = draw_explanation(image, found)
    # image, three members, consensus; deciles, label
    assert plain.dtype == np.uint8 and plain.shape[2] == 3
    assert plain.shape[1] == 5 * (192 + 4)
    truth = np.zeros((48, 64), bool)
    truth[:10] = True
    with_truth = draw_explanation(image, found, truth)
    assert with_truth.shape == plain.shape
    changed = (with_truth != plain).any(2)
    assert changed[:, 2 * 196:3 * 196].any()
    assert not changed[:, :2 * 196].any()


def test_the_label_is_the_top_decile():
    scores = torch.arange(100.).view(10, 10)
    found = Explanation(to_deciles(scores), scores, {}, {})
    image = torch.full((3, 10, 10), 100, dtype=torch.uint8)
    row = draw_explanation(image, found)
    label = row[18:18 + 192, 3 * 196:3 * 196 + 192]
    colored = (label != 100).any(2)
    assert colored[-19:].all() and not colored[:-20].any()
