"""A ViT written here as DINO's code lays it out, and what becomes of it."""
import runpy
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmseg_ext.models.co_segmentors.transformers_models import load_pretrained


@pytest.fixture
def run(repo, monkeypatch):

    def run_converter(*args):
        path = str(repo / 'tools/model_converters/dino.py')
        monkeypatch.setattr(sys, 'argv', [path, *map(str, args)])
        runpy.run_path(path, run_name='__main__')

    return run_converter


class Block(nn.Module):

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.ModuleDict(
            dict(
                qkv=nn.Linear(width, 3 * width), proj=nn.Linear(width, width)))
        self.mlp = nn.ModuleDict(
            dict(fc1=nn.Linear(width, 40), fc2=nn.Linear(40, width)))

    def forward(self, x):
        n, length, width = x.shape
        qkv = self.attn['qkv'](self.norm1(x))
        qkv = qkv.view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(*qkv).transpose(1, 2)
        x = x + self.attn['proj'](out.reshape(n, length, width))
        return x + self.mlp['fc2'](F.gelu(self.mlp['fc1'](self.norm2(x))))


class OfficialViT(nn.Module):

    def __init__(self, width=24, heads=3, depth=2, patch=4, side=16):
        super().__init__()
        self.patch_embed = nn.ModuleDict(
            dict(proj=nn.Conv2d(3, width, patch, patch)))
        self.cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.pos_embed = nn.Parameter(
            torch.randn(1, 1 + (side // patch)**2, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x):
        x = self.patch_embed['proj'](x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        x = x + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


@pytest.fixture
def official():
    pytest.importorskip('transformers')
    torch.manual_seed(0)
    model = OfficialViT()
    for param in model.parameters():
        param.data.normal_(0, 0.3)
    return model.eval()


@pytest.mark.parametrize('prefix', ['', 'module.backbone.'])
def test_same_output(run, official, tmp_path, prefix):
    state = {prefix + key: x for key, x in official.state_dict().items()}
    if prefix:
        state['module.head.mlp.0.weight'] = torch.zeros(2, 2)
        state = dict(teacher=state, student={})
    torch.save(state, tmp_path / 'src.pth')
    run(tmp_path / 'src.pth', tmp_path / 'vit', '--num-heads', 3)
    model = load_pretrained(
        'ViTModel', str(tmp_path / 'vit'), 'vit', add_pooling_layer=False)
    images = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        difference = model(images).last_hidden_state - official(images)
    assert difference.abs().max() < 1e-5


def test_faults(run, official, tmp_path):
    state = official.state_dict()
    state['blocks.0.gamma_1'] = torch.ones(24)
    torch.save(state, tmp_path / 'src.pth')
    with pytest.raises(SystemExit, match='is none of its weights'):
        run(tmp_path / 'src.pth', tmp_path / 'vit')
    torch.save(dict(a=torch.ones(1)), tmp_path / 'src.pth')
    with pytest.raises(SystemExit, match='has no'):
        run(tmp_path / 'src.pth', tmp_path / 'vit')
    with pytest.raises(SystemExit, match='is no file'):
        run(tmp_path / 'nothing.pth', tmp_path / 'vit')
    (tmp_path / 'there').mkdir()
    with pytest.raises(SystemExit, match='is there already'):
        run(tmp_path / 'src.pth', tmp_path / 'there')
