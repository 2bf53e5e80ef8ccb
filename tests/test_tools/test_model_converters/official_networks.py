"""The networks of the official ELN code, written anew for parity tests.

Modules have the names of the official checkpoints. ``dropout=False`` is the
official ``gt_mode``.
"""
import torch
import torch.nn.functional as F
from torch import nn


def conv(i, o, k, stride=1, dilation=1, bias=False):
    padding = dilation * (k // 2)
    return nn.Conv2d(i, o, k, stride, padding, dilation, bias=bias)


def upsample(x, like):
    return F.interpolate(
        x, like.shape[2:], mode='bilinear', align_corners=True)


class Bottleneck(nn.Module):

    def __init__(self, i, planes, stride, dilation):
        super().__init__()
        o = 4 * planes
        self.conv1, self.bn1 = conv(i, planes, 1), nn.BatchNorm2d(planes)
        self.conv2 = conv(planes, planes, 3, stride, dilation)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = conv(planes, o, 1), nn.BatchNorm2d(o)
        self.downsample = None
        if stride != 1 or i != o:
            self.downsample = nn.Sequential(
                conv(i, o, 1, stride), nn.BatchNorm2d(o))

    def forward(self, x):
        out = self.bn1(self.conv1(x)).relu()
        out = self.bn2(self.conv2(out)).relu()
        out = self.bn3(self.conv3(out))
        return (out +
                (x if self.downsample is None else self.downsample(x))).relu()


class BasicBlock(nn.Module):

    def __init__(self, i, o, stride, dilation):
        super().__init__()
        # The official block takes a dilation and does not use it.
        self.conv1, self.bn1 = conv(i, o, 3, stride), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = conv(o, o, 3), nn.BatchNorm2d(o)
        self.shortcut = nn.Sequential()
        if stride != 1 or i != o:
            self.shortcut = nn.Sequential(
                conv(i, o, 1, stride), nn.BatchNorm2d(o))

    def forward(self, x):
        out = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(out)) + self.shortcut(x)).relu()


class ResNet(nn.Module):

    def __init__(self, block, expansion, depths, in_channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        dilations = ([1] * 9, [1] * 9, [1] * 99, (2, 4, 8))
        channels = 64
        for stage, depth in enumerate(depths):
            planes = 64 * 2**stage
            blocks = []
            for b in range(depth):
                stride = (1, 2, 2, 1)[stage] if b == 0 else 1
                blocks.append(
                    block(channels, planes, stride, dilations[stage][b]))
                channels = expansion * planes
            self.add_module(f'layer{stage + 1}', nn.Sequential(*blocks))

    def forward(self, x):
        x = F.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        low = self.layer1(x)
        return self.layer4(self.layer3(self.layer2(low))), low


class AtrousBranch(nn.Module):

    def __init__(self, i, k, dilation):
        super().__init__()
        self.atrous_conv = conv(i, 256, k, dilation=dilation)
        self.bn = nn.BatchNorm2d(256)

    def forward(self, x):
        return self.bn(self.atrous_conv(x)).relu()


class ASPP(nn.Module):

    def __init__(self, i, dropout):
        super().__init__()
        self.aspp1 = AtrousBranch(i, 1, 1)
        self.aspp2 = AtrousBranch(i, 3, 6)
        self.aspp3 = AtrousBranch(i, 3, 12)
        self.aspp4 = AtrousBranch(i, 3, 18)
        self.global_avg_pool = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), conv(i, 256, 1), nn.ReLU())
        self.conv1, self.bn1 = conv(1280, 256, 1), nn.BatchNorm2d(256)
        self.p = dropout

    def forward(self, x, dropout):
        pyramid = [self.aspp1(x), self.aspp2(x), self.aspp3(x), self.aspp4(x)]
        pyramid.append(upsample(self.global_avg_pool(x), x))
        x = self.bn1(self.conv1(torch.cat(pyramid, 1))).relu()
        return F.dropout(x, self.p, dropout)


class LowLevelDecoder(nn.Module):

    def __init__(self, low_channels):
        super().__init__()
        self.conv1, self.bn1 = conv(low_channels, 48, 1), nn.BatchNorm2d(48)
        self.last_conv1 = nn.Sequential(
            conv(304, 256, 3), nn.BatchNorm2d(256), nn.ReLU())
        self.last_conv2 = nn.Sequential(
            conv(256, 256, 3), nn.BatchNorm2d(256), nn.ReLU())
        self.last_conv3 = conv(256, 256, 1, bias=True)

    def forward(self, x, low, dropout):
        low = self.bn1(self.conv1(low)).relu()
        x = self.last_conv1(torch.cat([upsample(x, low), low], 1))
        x = self.last_conv2(F.dropout(x, 0.5, dropout))
        return self.last_conv3(F.dropout(x, 0.1, dropout))


def two_layers(o):
    return nn.Sequential(
        conv(256, 256, 1, bias=True), nn.ReLU(), conv(256, o, 1, bias=True))


class Encoder(nn.Module):

    def __init__(self, depths=(3, 4, 6, 3)):
        super().__init__()
        self.backbone = ResNet(Bottleneck, 4, depths)

    def forward(self, x):
        return self.backbone(x)


class Decoder(nn.Module):

    def __init__(self, num_classes):
        super().__init__()
        self.aspp = ASPP(2048, 0.1)
        self.decoder = LowLevelDecoder(256)
        self.cls = nn.Module()
        self.cls.classifier = two_layers(num_classes)
        self.proj = nn.Module()
        self.proj.projector = two_layers(128)

    def forward(self, top, low, dropout=False):
        z = self.decoder(self.aspp(top, dropout), low, dropout)
        return self.cls.classifier(z), self.proj.projector(z)


class ErrorLocalizer(nn.Module):

    def __init__(self, num_classes):
        super().__init__()
        self.backbone = ResNet(BasicBlock, 1, (3, 4, 6, 3), 4 + num_classes)
        self.aspp = ASPP(512, 0.5)
        self.decoder = LowLevelDecoder(64)
        self.classifier = two_layers(1)

    def forward(self, images, logits, dropout=False):
        logits = upsample(logits.detach(), images)
        entropy = -(logits.softmax(1) * logits.log_softmax(1)).sum(
            1, keepdim=True)
        top, low = self.backbone(torch.cat([images, entropy, logits], 1))
        z = self.decoder(self.aspp(top, dropout), low, dropout)
        return self.classifier(z)


def random_networks(num_classes=21):
    """Encoder, decoder, localizer and two auxiliary decoders."""
    networks = [Encoder(), Decoder(num_classes), ErrorLocalizer(num_classes)]
    networks += [Decoder(num_classes) for _ in range(2)]
    for network in networks:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                # Nothing may be at its default, or it could be mixed up.
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.5, 0.5)
                nn.init.uniform_(module.running_mean, -0.5, 0.5)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
    return networks


def as_checkpoint(networks):
    """What the official code saves."""
    names = ('enc_state_dict', 'dec_state_dict', 'eln_state_dict', 'dec_0',
             'dec_1')
    return dict(
        epoch=120,
        scaler_state_dict=dict(scale=65536.),
        optimizer_state_dict=dict(state={}, param_groups=[]),
        **{
            name: network.state_dict()
            for name, network in zip(names, networks)
        })
