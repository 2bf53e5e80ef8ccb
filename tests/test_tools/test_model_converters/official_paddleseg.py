"""Networks in the layout of PaddleSeg, in PyTorch.

Written from the layouts, at small widths; names of weights are those of Paddle
but for the statistics, which :func:`paddle_state` renames.
"""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def paddle_state(network):
    """The state dict as Paddle saves it: NumPy arrays, other names."""
    state = {}
    for key, value in network.state_dict().items():
        if key.endswith('num_batches_tracked'):
            continue
        key = key.replace('running_mean', '_mean')
        state[key.replace('running_var', '_variance')] = value.numpy().copy()
    state['StructuredToParameterName@@'] = {key: f'w{key}' for key in state}
    return state


class ConvBNReLU(nn.Module):
    """With a bias, as Paddle's convolutions have it by default."""

    def __init__(self, inputs, outputs, kernel, padding=0, stride=1):
        super().__init__()
        self._conv = nn.Conv2d(inputs, outputs, kernel, stride, padding)
        self._batch_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self._batch_norm(self._conv(x)))


class ConvBN(nn.Module):

    def __init__(self,
                 inputs,
                 outputs,
                 kernel,
                 stride=1,
                 dilation=1,
                 pooled=False):
        super().__init__()
        self.pooled = pooled
        padding = dilation if kernel == 3 else 0
        self._conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding, dilation, bias=False)
        self._batch_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        if self.pooled:
            x = F.avg_pool2d(x, 2, 2, ceil_mode=True, count_include_pad=False)
        return self._batch_norm(self._conv(x))


class Bottleneck(nn.Module):

    def __init__(self, inputs, width, stride, dilation, with_short):
        super().__init__()
        self.conv0 = ConvBN(inputs, width, 1)
        self.conv1 = ConvBN(width, width, 3, stride, dilation)
        self.conv2 = ConvBN(width, 4 * width, 1)
        if with_short:
            self.short = ConvBN(inputs, 4 * width, 1, pooled=stride == 2)

    def forward(self, x):
        short = self.short(x) if hasattr(self, 'short') else x
        y = F.relu(self.conv1(F.relu(self.conv0(x))))
        return F.relu(self.conv2(y) + short)


class ResNetVD(nn.Module):
    """Of stride 8: both last stages are dilated in every block."""

    def __init__(self, width, depths=(3, 4, 6, 3)):
        super().__init__()
        self.conv1_1 = ConvBN(3, width // 2, 3, 2)
        self.conv1_2 = ConvBN(width // 2, width // 2, 3)
        self.conv1_3 = ConvBN(width // 2, width, 3)
        self.depths, inputs = depths, width
        for stage, depth in enumerate(depths):
            for i in range(depth):
                block = Bottleneck(inputs, width * 2**stage,
                                   2 if i == 0 and stage == 1 else 1,
                                   (1, 1, 2, 4)[stage], i == 0)
                setattr(self, f'bb_{stage}_{i}', block)
                inputs = 4 * width * 2**stage

    def forward(self, x):
        for layer in (self.conv1_1, self.conv1_2, self.conv1_3):
            x = F.relu(layer(x))
        x = F.max_pool2d(x, 3, 2, 1)
        levels = []
        for stage, depth in enumerate(self.depths):
            for i in range(depth):
                x = getattr(self, f'bb_{stage}_{i}')(x)
            levels.append(x)
        return levels


class PPModule(nn.Module):

    def __init__(self, inputs, outputs, bins=(1, 2, 3, 6)):
        super().__init__()
        reduced = inputs // len(bins)
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.AdaptiveAvgPool2d(size), ConvBNReLU(inputs, reduced, 1))
            for size in bins)
        self.conv_bn_relu2 = ConvBNReLU(2 * inputs, outputs, 3, 1)

    def forward(self, x):
        pooled = [
            F.interpolate(stage(x), x.shape[2:], mode='bilinear')
            for stage in self.stages
        ]
        return self.conv_bn_relu2(torch.cat([x, *pooled[::-1]], 1))


class AuxLayer(nn.Module):

    def __init__(self, inputs, width, outputs):
        super().__init__()
        self.conv_bn_relu = ConvBNReLU(inputs, width, 3, 1)
        self.conv = nn.Conv2d(width, outputs, 1)


class PSPNetHead(nn.Module):

    def __init__(self, channels, outputs, classes):
        super().__init__()
        self.psp_module = PPModule(channels[1], outputs)
        self.conv = nn.Conv2d(outputs, classes, 1)
        self.auxlayer = AuxLayer(channels[0], channels[0] // 4, classes)


class PSPNet(nn.Module):
    """Gives the features ahead of both classifiers."""

    def __init__(self, width=8, outputs=24, classes=7):
        super().__init__()
        self.backbone = ResNetVD(width)
        self.head = PSPNetHead((16 * width, 32 * width), outputs, classes)

    def forward(self, x):
        levels = self.backbone(x)
        return (self.head.psp_module(levels[3]),
                self.head.auxlayer.conv_bn_relu(levels[2]))


class PlainConvBNReLU(nn.Module):

    def __init__(self, inputs, outputs, kernel=3, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class CatBottleneck(nn.Module):

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        half = outputs // 2
        self.stride = stride
        if stride == 2:
            self.avd_layer = nn.Sequential(
                nn.Conv2d(half, half, 3, 2, 1, groups=half, bias=False),
                nn.BatchNorm2d(half))
        self.conv_list = nn.ModuleList([
            PlainConvBNReLU(inputs, half, 1),
            PlainConvBNReLU(half, outputs // 4),
            PlainConvBNReLU(outputs // 4, outputs // 8),
            PlainConvBNReLU(outputs // 8, outputs // 8)
        ])

    def forward(self, x):
        first = self.conv_list[0](x)
        y = self.avd_layer(first) if self.stride == 2 else first
        outputs = []
        for layer in self.conv_list[1:]:
            y = layer(y)
            outputs.append(y)
        if self.stride == 2:
            first = F.avg_pool2d(first, 3, 2, 1)
        return torch.cat([first, *outputs], 1)


class STDCNet(nn.Module):

    def __init__(self, blocks):
        super().__init__()
        layers = [PlainConvBNReLU(3, 32, 3, 2), PlainConvBNReLU(32, 64, 3, 2)]
        inputs, self.ends = 64, []
        for stage, number in enumerate(blocks):
            for i in range(number):
                outputs = 256 * 2**stage
                layers.append(CatBottleneck(inputs, outputs, 2 - (i > 0)))
                inputs = outputs
            self.ends.append(len(layers))
        self.features = nn.Sequential(*layers)
        # the same stages under another name, as Paddle saves them
        self.x2 = nn.Sequential(self.features[:1])
        self.conv_last = PlainConvBNReLU(1024, 1024, 1)

    def forward(self, x):
        levels = []
        for number, layer in enumerate(self.features, 1):
            x = layer(x)
            if number in self.ends:
                levels.append(x)
        return levels


class Attention(nn.Module):

    def __init__(self, inputs, outputs=128):
        super().__init__()
        self.conv = ConvBNReLU(inputs, outputs, 3, 1)
        self.conv_atten = nn.Conv2d(outputs, outputs, 1)
        self.bn_atten = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = self.conv(x)
        weight = self.bn_atten(self.conv_atten(F.adaptive_avg_pool2d(
            x, 1))).sigmoid()
        return x * weight


class ContextPath(nn.Module):

    def __init__(self, blocks):
        super().__init__()
        self.backbone = STDCNet(blocks)
        self.arm16 = Attention(512)
        self.arm32 = Attention(1024)
        self.conv_head32 = ConvBNReLU(128, 128, 3, 1)
        self.conv_head16 = ConvBNReLU(128, 128, 3, 1)
        self.conv_avg = ConvBNReLU(1024, 128, 1)

    def forward(self, x):
        x8, x16, x32 = self.backbone(x)
        average = self.conv_avg(F.adaptive_avg_pool2d(x32, 1))
        y = self.arm32(x32) + average
        up32 = self.conv_head32(F.interpolate(y, x16.shape[2:]))
        y = self.arm16(x16) + up32
        up16 = self.conv_head16(F.interpolate(y, x8.shape[2:]))
        return x8, up16, up32


class FeatureFusion(nn.Module):

    def __init__(self):
        super().__init__()
        self.convblk = ConvBNReLU(384, 256, 1)
        self.conv1 = nn.Conv2d(256, 64, 1)
        self.conv2 = nn.Conv2d(64, 256, 1)

    def forward(self, one, other):
        x = self.convblk(torch.cat([one, other], 1))
        weight = self.conv1(F.adaptive_avg_pool2d(x, 1)).relu()
        return x * self.conv2(weight).sigmoid() + x


class SegHead(nn.Module):

    def __init__(self, inputs, width, classes):
        super().__init__()
        self.conv = ConvBNReLU(inputs, width, 3, 1)
        self.conv_out = nn.Conv2d(width, classes, 1)


class STDCSeg(nn.Module):
    """Gives the features ahead of the three classifiers."""

    def __init__(self, blocks, classes=7):
        super().__init__()
        self.cp = ContextPath(blocks)
        self.ffm = FeatureFusion()
        self.conv_out = SegHead(256, 256, classes)
        self.conv_out8 = SegHead(128, 64, classes)
        self.conv_out16 = SegHead(128, 64, classes)
        self.conv_out_sp8 = SegHead(256, 64, 1)

    def forward(self, x):
        x8, up16, up32 = self.cp(x)
        return (self.conv_out.conv(self.ffm(x8, up16)),
                self.conv_out8.conv(up16), self.conv_out16.conv(up32))


def randomise(network, seed=0):
    """Draw statistics, scales and biases as well."""
    generator = np.random.default_rng(seed)
    for name, value in network.state_dict().items():
        if name.endswith(('running_mean', 'bias')):
            drawn = generator.normal(0, 0.2, value.shape)
        elif name.endswith('running_var') or (name.endswith('weight')
                                              and value.ndim == 1):
            drawn = generator.uniform(0.5, 1.5, value.shape)
        else:
            continue
        value.copy_(torch.from_numpy(np.asarray(drawn)))
    return network.eval()
