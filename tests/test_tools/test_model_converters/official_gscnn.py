"""Gated-SCNN in the layout of its official code, at any width.

Written from the layout; names of weights are the official ones.
"""
from collections import OrderedDict

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def bn_relu(channels):
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())


class Block(nn.Module):

    def __init__(self, inputs, channels, stride=1, dilation=1):
        super().__init__()
        self.bn1 = bn_relu(inputs)
        d = dilation
        if len(channels) == 2:
            layers = [
                ('conv1', nn.Conv2d(inputs, channels[0], 3, stride, d, d)),
                ('bn2', bn_relu(channels[0])),
                ('conv2', nn.Conv2d(channels[0], channels[1], 3, 1, d, d)),
            ]
        else:
            layers = [
                ('conv1', nn.Conv2d(inputs, channels[0], 1)),
                ('bn2', bn_relu(channels[0])),
                ('conv2', nn.Conv2d(channels[0], channels[1], 3, stride, d,
                                    d)),
                ('bn3', bn_relu(channels[1])),
                ('dropout', nn.Dropout2d(0.3)),
                ('conv3', nn.Conv2d(channels[1], channels[2], 1)),
            ]
        for _, layer in layers:
            if isinstance(layer, nn.Conv2d):
                layer.bias = None
        self.convs = nn.Sequential(OrderedDict(layers))
        if stride != 1 or inputs != channels[-1]:
            self.proj_conv = nn.Conv2d(
                inputs, channels[-1], 1, stride, bias=False)

    def forward(self, x):
        first = self.bn1(x)
        short = self.proj_conv(first) if hasattr(self, 'proj_conv') else x
        return self.convs(first) + short


class BasicBlock(nn.Module):

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        out = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(out)) + x).relu()


class GatedConv(nn.Conv2d):

    def __init__(self, channels):
        super().__init__(channels, channels, 1, bias=False)
        self._gate_conv = nn.Sequential(
            nn.BatchNorm2d(channels + 1),
            nn.Conv2d(channels + 1, channels + 1, 1), nn.ReLU(),
            nn.Conv2d(channels + 1, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, x, gating):
        alpha = self._gate_conv(torch.cat([x, gating], 1))
        return super().forward(x * (alpha + 1))


class ASPP(nn.Module):

    def __init__(self, inputs, channels, rates):
        super().__init__()

        def layer(width, kernel, rate=1):
            padding = rate if kernel == 3 else 0
            return nn.Sequential(
                nn.Conv2d(
                    width, channels, kernel, 1, padding, rate, bias=False),
                nn.BatchNorm2d(channels), nn.ReLU())

        self.features = nn.ModuleList([layer(inputs, 1)] +
                                      [layer(inputs, 3, r) for r in rates])
        self.img_conv = layer(inputs, 1)
        self.edge_conv = layer(1, 1)

    def forward(self, x, edge):
        size = x.shape[2:]
        pooled = self.img_conv(x.mean((2, 3), keepdim=True))
        outputs = [
            up(pooled, size),
            self.edge_conv(up(edge, size)), *(f(x) for f in self.features)
        ]
        return torch.cat(outputs, 1)


def up(x, size):
    return F.interpolate(x, tuple(size), mode='bilinear', align_corners=True)


class GSCNN(nn.Module):

    def __init__(self, width, blocks, shape, aspp, fine, classes):
        super().__init__()
        w = width
        self.mod1 = nn.Sequential(
            OrderedDict(conv1=nn.Conv2d(3, w, 3, 1, 1, bias=False)))
        channels = [(2 * w, ) * 2, (4 * w, ) * 2, (8 * w, ) * 2,
                    (8 * w, 16 * w), (8 * w, 16 * w, 32 * w),
                    (16 * w, 32 * w, 64 * w)]
        before = w
        for i, number in enumerate(blocks):
            layers = OrderedDict()
            for k in range(number):
                layers[f'block{k + 1}'] = Block(before, channels[i], 2 if
                                                (i, k) == (2, 0) else 1,
                                                (1, 1, 1, 2, 4, 4)[i])
                before = channels[i][-1]
            setattr(self, f'mod{i + 2}', nn.Sequential(layers))
        self.dsn1 = nn.Conv2d(w, 1, 1)
        self.dsn3 = nn.Conv2d(4 * w, 1, 1)
        self.dsn4 = nn.Conv2d(8 * w, 1, 1)
        self.dsn7 = nn.Conv2d(64 * w, 1, 1)
        for i in range(3):
            setattr(self, f'res{i + 1}', BasicBlock(shape[i]))
            setattr(self, f'd{i + 1}', nn.Conv2d(shape[i], shape[i + 1], 1))
            setattr(self, f'gate{i + 1}', GatedConv(shape[i + 1]))
        self.fuse = nn.Conv2d(shape[3], 1, 1, bias=False)
        self.cw = nn.Conv2d(2, 1, 1, bias=False)
        self.aspp = ASPP(64 * w, aspp, (12, 24, 36))
        self.bot_fine = nn.Conv2d(2 * w, fine, 1, bias=False)
        self.bot_aspp = nn.Conv2d(6 * aspp, aspp, 1, bias=False)
        layers = []
        for inputs in (aspp + fine, aspp):
            layers += [
                nn.Conv2d(inputs, aspp, 3, 1, 1, bias=False),
                nn.BatchNorm2d(aspp),
                nn.ReLU()
            ]
        self.final_seg = nn.Sequential(*layers,
                                       nn.Conv2d(aspp, classes, 1, bias=False))

    def forward(self, images):
        size = images.shape[2:]
        m1 = self.mod1(images)
        m2 = self.mod2(F.max_pool2d(m1, 3, 2, 1))
        m3 = self.mod3(F.max_pool2d(m2, 3, 2, 1))
        m4 = self.mod4(m3)
        m7 = self.mod7(self.mod6(self.mod5(m4)))
        shape = m1
        gates = dict(dsn3=m3, dsn4=m4, dsn7=m7)
        for i, (name, x) in enumerate(gates.items()):
            gating = up(getattr(self, name)(x), size)
            shape = getattr(self, f'res{i + 1}')(shape)
            shape = getattr(self, f'd{i + 1}')(shape)
            shape = getattr(self, f'gate{i + 1}')(shape, gating)
        edge = self.fuse(shape)
        bytes_ = images.numpy().astype(np.int64).astype(np.uint8)
        canny = np.stack(
            [cv2.Canny(x.transpose(1, 2, 0).copy(), 10, 100) for x in bytes_])
        canny = torch.from_numpy(canny)[:, None].float()
        attention = self.cw(torch.cat([edge.sigmoid(), canny], 1)).sigmoid()
        deep = self.bot_aspp(self.aspp(m7, attention))
        joined = torch.cat([self.bot_fine(m2), up(deep, m2.shape[2:])], 1)
        return self.final_seg(joined), edge
