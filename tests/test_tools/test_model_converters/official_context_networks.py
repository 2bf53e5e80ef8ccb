"""Networks in the layout of the official DANet and FastFCN code.

Written from the layouts, at small widths; names of weights are the official
ones.
"""
import torch
import torch.nn.functional as F
from torch import nn


def conv_bn_relu(inputs, outputs, kernel=3, dilation=1, bias=False):
    padding = dilation if kernel == 3 else 0
    return [
        nn.Conv2d(inputs, outputs, kernel, 1, padding, dilation, bias=bias),
        nn.BatchNorm2d(outputs),
        nn.ReLU()
    ]


def randomise(network):
    """Draw running statistics and scales as well."""
    torch.manual_seed(0)
    for name, value in network.state_dict().items():
        if name.endswith(('running_mean', 'bias')):
            value.normal_(0, 0.3)
        elif name.endswith('running_var') or (name.endswith('weight')
                                              and value.ndim == 1):
            value.uniform_(0.5, 1.5)
        elif name.endswith('gamma'):
            value.fill_(0.7)
    return network.eval()


class PositionAttention(nn.Module):

    def __init__(self, channels):
        super().__init__()
        self.query_conv = nn.Conv2d(channels, channels // 2, 1)
        self.key_conv = nn.Conv2d(channels, channels // 2, 1)
        self.value_conv = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        query, key, value = (
            conv(x).flatten(2)
            for conv in (self.query_conv, self.key_conv, self.value_conv))
        weights = torch.einsum('bci,bcj->bij', query, key).softmax(2)
        mixed = torch.einsum('bij,bcj->bci', weights, value)
        return self.gamma * mixed.view_as(x) + x


class ChannelAttention(nn.Module):

    def __init__(self):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        flat = x.flatten(2)
        energy = torch.einsum('bin,bjn->bij', flat, flat)
        weights = (energy.amax(2, keepdim=True) - energy).softmax(2)
        mixed = torch.einsum('bij,bjn->bin', weights, flat)
        return self.gamma * mixed.view_as(x) + x


class DANetHead(nn.Module):

    def __init__(self, inputs, channels, classes):
        super().__init__()
        self.conv5a = nn.Sequential(*conv_bn_relu(inputs, channels))
        self.conv5c = nn.Sequential(*conv_bn_relu(inputs, channels))
        self.sa = PositionAttention(channels)
        self.sc = ChannelAttention()
        self.conv51 = nn.Sequential(*conv_bn_relu(channels, channels))
        self.conv52 = nn.Sequential(*conv_bn_relu(channels, channels))
        for name in ('conv6', 'conv7', 'conv8'):
            setattr(
                self, name,
                nn.Sequential(
                    nn.Dropout2d(0.1), nn.Conv2d(channels, classes, 1)))

    def forward(self, x):
        position = self.conv51(self.sa(self.conv5a(x)))
        channel = self.conv52(self.sc(self.conv5c(x)))
        return (self.conv8(position + channel), self.conv6(position),
                self.conv7(channel))


class SeparableConv(nn.Module):

    def __init__(self, inputs, outputs, dilation):
        super().__init__()
        self.conv1 = nn.Conv2d(
            inputs, inputs, 3, 1, dilation, dilation, inputs, bias=False)
        self.bn = nn.BatchNorm2d(inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x):
        return self.pointwise(self.bn(self.conv1(x)))


class JointPyramidUpsampling(nn.Module):

    def __init__(self, inputs, width):
        super().__init__()
        for level, channels in zip((3, 4, 5), inputs):
            setattr(self, f'conv{level}',
                    nn.Sequential(*conv_bn_relu(channels, width)))
        for i, dilation in enumerate((1, 2, 4, 8), start=1):
            setattr(
                self, f'dilation{i}',
                nn.Sequential(
                    SeparableConv(3 * width, width, dilation),
                    nn.BatchNorm2d(width), nn.ReLU()))

    def forward(self, c2, c3, c4):
        size = c2.shape[2:]
        maps = [self.conv5(c4), self.conv4(c3), self.conv3(c2)]
        joined = torch.cat([
            F.interpolate(m, size, mode='bilinear', align_corners=True)
            for m in maps
        ], 1)
        return torch.cat(
            [getattr(self, f'dilation{i}')(joined) for i in range(1, 5)], 1)


class Encoding(nn.Module):

    def __init__(self, channels, codes):
        super().__init__()
        self.codewords = nn.Parameter(torch.randn(codes, channels))
        self.scale = nn.Parameter(-torch.rand(codes))

    def forward(self, x):
        residual = x.flatten(2).transpose(1, 2)[:, :, None] - self.codewords
        weights = (self.scale * residual.square().sum(3)).softmax(2)
        return (weights[..., None] * residual).sum(1)


class Mean(nn.Module):

    def forward(self, x):
        return x.mean(1)


class EncModule(nn.Module):

    def __init__(self, channels, codes, classes):
        super().__init__()
        self.encoding = nn.Sequential(*conv_bn_relu(channels, channels, 1),
                                      Encoding(channels, codes),
                                      nn.BatchNorm1d(codes), nn.ReLU(), Mean())
        self.fc = nn.Sequential(nn.Linear(channels, channels), nn.Sigmoid())
        self.selayer = nn.Linear(channels, classes)

    def forward(self, x):
        encoded = self.encoding(x)
        return F.relu(x + x * self.fc(encoded)[..., None, None])


class EncHead(nn.Module):

    def __init__(self, inputs, channels, classes):
        super().__init__()
        self.conv5 = nn.Sequential(*conv_bn_relu(inputs, channels, 1))
        self.encmodule = EncModule(channels, 4, classes)
        self.conv6 = nn.Sequential(
            nn.Dropout2d(0.1), nn.Conv2d(channels, classes, 1))

    def forward(self, x):
        return self.conv6(self.encmodule(self.conv5(x)))


class PyramidPooling(nn.Module):

    def __init__(self, inputs, channels):
        super().__init__()
        for i in range(1, 5):
            setattr(self, f'conv{i}',
                    nn.Sequential(*conv_bn_relu(inputs, channels, 1)))

    def forward(self, x):
        maps = [x]
        for i, size in enumerate((1, 2, 3, 6), start=1):
            pooled = getattr(self, f'conv{i}')(F.adaptive_avg_pool2d(x, size))
            maps.append(
                F.interpolate(
                    pooled, x.shape[2:], mode='bilinear', align_corners=True))
        return torch.cat(maps, 1)


class PSPHead(nn.Module):

    def __init__(self, inputs, channels, classes):
        super().__init__()
        self.conv5 = nn.Sequential(
            PyramidPooling(inputs, channels),
            *conv_bn_relu(inputs + 4 * channels, channels), nn.Dropout2d(0.1),
            nn.Conv2d(channels, classes, 1))

    def forward(self, x):
        return self.conv5(x)


class PooledBranch(nn.Module):

    def __init__(self, inputs, channels):
        super().__init__()
        self.gap = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), *conv_bn_relu(inputs, channels, 1))

    def forward(self, x):
        return self.gap(x).expand(-1, -1, *x.shape[2:])


class ASPP(nn.Module):

    def __init__(self, inputs, channels):
        super().__init__()
        self.b0 = nn.Sequential(*conv_bn_relu(inputs, channels, 1))
        for i, rate in enumerate((12, 24, 36), start=1):
            setattr(
                self, f'b{i}',
                nn.Sequential(*conv_bn_relu(inputs, channels, dilation=rate)))
        self.b4 = PooledBranch(inputs, channels)
        self.project = nn.Sequential(*conv_bn_relu(5 * channels, channels, 1),
                                     nn.Dropout(0.5))

    def forward(self, x):
        return self.project(
            torch.cat([getattr(self, f'b{i}')(x) for i in range(5)], 1))


class DeepLabV3Head(nn.Module):

    def __init__(self, inputs, channels, classes):
        super().__init__()
        self.aspp = ASPP(inputs, channels)
        self.block = nn.Sequential(*conv_bn_relu(channels, channels),
                                   nn.Dropout(0.1),
                                   nn.Conv2d(channels, classes, 1))

    def forward(self, x):
        return self.block(self.aspp(x))


class FCNHead(nn.Module):

    def __init__(self, inputs, channels, classes):
        super().__init__()
        self.conv5 = nn.Sequential(*conv_bn_relu(inputs, channels),
                                   nn.Dropout2d(0.1),
                                   nn.Conv2d(channels, classes, 1))

    def forward(self, x):
        return self.conv5(x)
