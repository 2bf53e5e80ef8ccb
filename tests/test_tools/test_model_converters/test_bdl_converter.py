"""Networks in the layout of the official code, before and after."""
import runpy
import sys

import pytest
import torch
from deeplabv2_helpers import build, load_base, shapes
from mmengine.config import ConfigDict
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from mmseg.utils import register_all_modules
from torch import nn

import mmseg_ext  # noqa: F401

register_all_modules()


def norm(channels):
    return nn.InstanceNorm2d(channels, track_running_stats=True)


class Block(nn.Module):

    def __init__(self, c):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), norm(c), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), norm(c))

    def forward(self, x):
        return x + self.conv_block(x)


class Generator(nn.Module):

    def __init__(self, n=8, blocks=9):
        super().__init__()
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, n, 7), norm(n)]
        layers += [nn.ReLU()]
        for i in (n, 2 * n):
            layers += [
                nn.Conv2d(i, 2 * i, 3, stride=2, padding=1),
                norm(2 * i),
                nn.ReLU()
            ]
        layers += [Block(4 * n) for _ in range(blocks)]
        for i in (4 * n, 2 * n):
            layers += [
                nn.ConvTranspose2d(
                    i, i // 2, 3, stride=2, padding=1, output_padding=1),
                norm(i // 2),
                nn.ReLU()
            ]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(n, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class Discriminator(nn.Module):

    def __init__(self, n=8):
        super().__init__()
        act = nn.LeakyReLU(0.2)
        layers = [nn.Conv2d(3, n, 4, 2, 1), act]
        for i, stride in ((n, 2), (2 * n, 2), (4 * n, 1)):
            layers += [nn.Conv2d(i, 2 * i, 4, stride, 1), norm(2 * i), act]
        layers.append(nn.Conv2d(8 * n, 1, 4, 1, 1))
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


@pytest.fixture
def convert(repo, monkeypatch):

    def run(*args):
        monkeypatch.setattr(sys, 'argv', ['bdl.py', *map(str, args)])
        runpy.run_path(
            str(repo / 'tools/model_converters/bdl.py'), run_name='__main__')

    return run


def save(network, path, prefix=''):
    torch.save({
        f'{prefix}{k}': v
        for k, v in network.state_dict().items()
    }, path)
    return path


@pytest.mark.parametrize('blocks', [9, 6])
def test_cycle_gan(convert, tmp_path, blocks):
    torch.manual_seed(0)
    theirs = [
        Generator(blocks=blocks),
        Generator(blocks=blocks),
        Discriminator(),
        Discriminator()
    ]
    paths = [
        save(network, tmp_path / f'{i}.pth', 'module.' if i == 1 else '')
        for i, network in enumerate(theirs)
    ]
    convert(paths[0], tmp_path / 'dst.pth', '--target2source', paths[1],
            '--discriminators', *paths[2:])
    ours = MODELS.build(
        ConfigDict(
            type='CycleGAN',
            generator=dict(type='ResnetGenerator', ngf=8, num_blocks=blocks),
            discriminator=dict(type='PatchDiscriminator', ndf=8)))
    load_checkpoint(ours, str(tmp_path / 'dst.pth'), strict=True)
    images = 2 * torch.rand(1, 3, 52, 60) - 1
    pairs = [(theirs[0], ours.generators['source2target']),
             (theirs[1], ours.generators['target2source']),
             (theirs[2], ours.discriminators['target']),
             (theirs[3], ours.discriminators['source'])]
    with torch.no_grad():
        for one, other in pairs:
            # their normalisation uses running statistics in eval mode only
            torch.testing.assert_close(
                one(images), other(images), rtol=1e-5, atol=1e-5)


def test_other_layouts(convert, tmp_path):
    dropout = Generator(blocks=1)
    block = dropout.model[10].conv_block
    dropout.model[10].conv_block = nn.Sequential(*block[:4], nn.Dropout(),
                                                 *block[4:])
    path = save(dropout, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match="lacks 'model.10.conv_block.5.weig"):
        convert(path, tmp_path / 'dst.pth')
    path = save(Discriminator(), tmp_path / 'b.pth')
    with pytest.raises(ValueError, match='of a generator'):
        convert(path, tmp_path / 'dst.pth')
    path = save(nn.Linear(2, 2), tmp_path / 'c.pth')
    with pytest.raises(ValueError, match='is no generator of CycleGAN'):
        convert(path, tmp_path / 'dst.pth', '--target2source', path)
    assert not (tmp_path / 'dst.pth').exists()


def test_segmentor(convert, tmp_path):
    """One level, whose classifier is the fifth layer, of four rates."""
    cfg = load_base('deeplabv2_r101-d8', auxiliary_head=None)
    own = shapes(build(cfg).state_dict())
    official = {}
    for key, shape in own.items():
        key = key.replace('backbone.', '')
        key = key.replace('decode_head.conv_seg.convs', 'layer5.conv2d_list')
        official[key] = torch.zeros(1).expand(shape)
    torch.save(official, tmp_path / 'src.pth')
    convert(tmp_path / 'src.pth', tmp_path / 'dst.pth')
    found = torch.load(tmp_path / 'dst.pth', mmap=True)['state_dict']
    assert shapes(found) == own
