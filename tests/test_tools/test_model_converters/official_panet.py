"""Networks with the layout of the official PANet code, small.

The names of the modules are those of its checkpoints.
"""
import torch
import torch.nn.functional as F
from torch import nn

CHANNELS = 8
GROUPS = 4
CLASSES = 3  # without the background
WIDTHS = (16, 32, 64, 128)
BLOCKS = (3, 4, 6, 3)
HIDDEN = 12
BOX_SIZE = 7
MASK_SIZE = 14


def conv_gn(inputs, outputs, kernel=3, stride=1, bias=False):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias),
        nn.GroupNorm(GROUPS, outputs))


class Affine(nn.Module):

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(channels) + .5)
        self.bias = nn.Parameter(torch.randn(channels))

    def forward(self, x):
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class Bottleneck(nn.Module):

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        inner = outputs // 4
        # Caffe's: the first convolution has the stride
        self.conv1 = nn.Conv2d(inputs, inner, 1, stride, bias=False)
        self.bn1 = Affine(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, 1, 1, bias=False)
        self.bn2 = Affine(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = Affine(outputs)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                Affine(outputs))

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return (y + (self.downsample(x) if self.downsample else x)).relu()


class ResNet(nn.Module):

    def __init__(self):
        super().__init__()
        self.res1 = nn.Module()
        self.res1.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.res1.bn1 = Affine(4)
        inputs = 4
        for stage, (outputs, blocks) in enumerate(zip(WIDTHS, BLOCKS)):
            layers = []
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                layers.append(Bottleneck(inputs, outputs, stride))
                inputs = outputs
            self.add_module(f'res{stage + 2}', nn.Sequential(*layers))

    def forward(self, x):
        x = self.res1.bn1(self.res1.conv1(x)).relu()
        x = F.max_pool2d(x, 3, 2, 1)
        outputs = []
        for stage in range(2, 6):
            x = getattr(self, f'res{stage}')(x)
            outputs.append(x)
        return outputs


class Lateral(nn.Module):

    def __init__(self, inputs):
        super().__init__()
        self.conv_lateral = conv_gn(inputs, CHANNELS, 1)


class Body(nn.Module):

    def __init__(self):
        super().__init__()
        self.conv_body = ResNet()
        self.conv_top = conv_gn(WIDTHS[3], CHANNELS, 1)
        self.topdown_lateral_modules = nn.ModuleList(
            Lateral(WIDTHS[i]) for i in (2, 1, 0))
        self.posthoc_modules = nn.ModuleList(
            conv_gn(CHANNELS, CHANNELS) for _ in range(4))
        self.panet_buttomup_conv1_modules = nn.ModuleList(
            conv_gn(CHANNELS, CHANNELS, stride=2, bias=True) for _ in range(3))
        self.panet_buttomup_conv2_modules = nn.ModuleList(
            conv_gn(CHANNELS, CHANNELS, bias=True) for _ in range(3))

    def forward(self, x):
        x = self.conv_body(x)
        inner = [self.conv_top(x[3])]
        for module, level in zip(self.topdown_lateral_modules, x[2::-1]):
            above = F.interpolate(
                inner[-1], size=level.shape[2:], mode='nearest')
            inner.append(module.conv_lateral(level) + above)
        pyramid = [post(y) for post, y in zip(self.posthoc_modules, inner)]
        outputs = [pyramid[3]]
        for i in range(3):
            down = self.panet_buttomup_conv1_modules[i](outputs[-1]).relu()
            outputs.append(
                self.panet_buttomup_conv2_modules[i](pyramid[2 - i] +
                                                     down).relu())
        return outputs


class RPN(nn.Module):

    def __init__(self):
        super().__init__()
        self.FPN_RPN_conv = nn.Conv2d(CHANNELS, CHANNELS, 3, 1, 1)
        self.FPN_RPN_cls_score = nn.Conv2d(CHANNELS, 3, 1)
        self.FPN_RPN_bbox_pred = nn.Conv2d(CHANNELS, 12, 1)

    def forward(self, x):
        x = self.FPN_RPN_conv(x).relu()
        return self.FPN_RPN_cls_score(x), self.FPN_RPN_bbox_pred(x)


class BoxHead(nn.Module):
    """The heavier head."""

    def __init__(self):
        super().__init__()
        self.conv1_head = nn.ModuleList(
            conv_gn(CHANNELS, CHANNELS) for _ in range(4))
        self.convs = nn.Sequential(
            *(layer for _ in range(3)
              for layer in (*conv_gn(CHANNELS, CHANNELS), nn.ReLU())))
        self.fc = nn.Linear(CHANNELS * BOX_SIZE**2, HIDDEN)

    def forward(self, levels):
        x = torch.stack([
            conv(level).relu() for conv, level in zip(self.conv1_head, levels)
        ]).amax(0)
        return self.fc(self.convs(x).flatten(1)).relu()


class BoxHead2FC(nn.Module):

    def __init__(self):
        super().__init__()
        self.fc1 = nn.ModuleList(
            nn.Sequential(
                nn.Linear(CHANNELS *
                          BOX_SIZE**2, HIDDEN), nn.GroupNorm(GROUPS, HIDDEN))
            for _ in range(4))
        self.fc2 = nn.Sequential(
            nn.Linear(HIDDEN, HIDDEN), nn.GroupNorm(GROUPS, HIDDEN))

    def forward(self, levels):
        x = torch.stack([
            fc(level.flatten(1)).relu() for fc, level in zip(self.fc1, levels)
        ]).amax(0)
        return self.fc2(x).relu()


class BoxOuts(nn.Module):

    def __init__(self):
        super().__init__()
        self.cls_score = nn.Linear(HIDDEN, CLASSES + 1)
        self.bbox_pred = nn.Linear(HIDDEN, 4 * (CLASSES + 1))

    def forward(self, x):
        return self.cls_score(x), self.bbox_pred(x)


class MaskHead(nn.Module):

    def __init__(self):
        super().__init__()
        self.mask_conv1 = nn.ModuleList(
            conv_gn(CHANNELS, CHANNELS) for _ in range(4))
        self.conv_fcn = nn.Sequential(
            *(layer for _ in range(2)
              for layer in (*conv_gn(CHANNELS, CHANNELS), nn.ReLU())))
        self.mask_conv4 = nn.Sequential(*conv_gn(CHANNELS, CHANNELS),
                                        nn.ReLU())
        self.mask_conv4_fc = nn.Sequential(*conv_gn(CHANNELS, CHANNELS),
                                           nn.ReLU())
        self.mask_conv5_fc = nn.Sequential(*conv_gn(CHANNELS, CHANNELS // 2),
                                           nn.ReLU())
        self.mask_fc = nn.Sequential(
            nn.Linear(CHANNELS // 2 * MASK_SIZE**2, (2 * MASK_SIZE)**2),
            nn.ReLU())
        self.upconv = nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, 2)

    def forward(self, levels):
        x = torch.stack([
            conv(level).relu() for conv, level in zip(self.mask_conv1, levels)
        ]).amax(0)
        x = self.conv_fcn(x)
        short = self.mask_conv5_fc(self.mask_conv4_fc(x)).flatten(1)
        short = self.mask_fc(short).view(-1, 1, 2 * MASK_SIZE, 2 * MASK_SIZE)
        return self.upconv(self.mask_conv4(x)).relu(), short


class MaskOuts(nn.Module):

    def __init__(self):
        super().__init__()
        self.classify = nn.Conv2d(CHANNELS, CLASSES + 1, 1)


class Network(nn.Module):

    def __init__(self, box_head=BoxHead, with_masks=True):
        super().__init__()
        self.Conv_Body = Body()
        self.RPN = RPN()
        self.Box_Head = box_head()
        self.Box_Outs = BoxOuts()
        if with_masks:
            self.Mask_Head = MaskHead()
            self.Mask_Outs = MaskOuts()

    def masks(self, levels):
        main, short = self.Mask_Head(levels)
        return self.Mask_Outs.classify(main) + short
