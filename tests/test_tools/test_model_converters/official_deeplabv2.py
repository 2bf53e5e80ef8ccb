"""DeepLab-v2 and discriminators of AdaptSegNet and ADVENT, op by op.

Networks are state dicts in the official layouts, drawn at random, and
functions that read them.
"""
import torch
import torch.nn.functional as F

CLASSES = 19
RATES = (6, 12, 18, 24)
BLOCKS = (3, 4, 23, 3)


def draw_conv(state, name, shape, bias=False, gain=1.):
    fan_in = shape[1] * shape[2] * shape[3]
    state[f'{name}.weight'] = torch.randn(shape) * gain * (2 / fan_in)**0.5
    if bias:
        state[f'{name}.bias'] = torch.randn(shape[0]) * 0.1


def draw_norm(state, name, channels, gain=1.):
    # Nothing may be at its default, or it could be mixed up.
    state[f'{name}.weight'] = gain * (0.5 + torch.rand(channels))
    state[f'{name}.bias'] = 0.1 * torch.randn(channels)
    state[f'{name}.running_mean'] = 0.1 * torch.randn(channels)
    state[f'{name}.running_var'] = 0.5 + torch.rand(channels)


def draw_classifier(state, name, channels):
    for i in range(4):
        draw_conv(state, f'{name}.conv2d_list.{i}', (CLASSES, channels, 3, 3),
                  True)


def draw_resnet101(heads=(('layer5', 1024), ('layer6', 2048))):
    state = {}
    draw_conv(state, 'conv1', (64, 3, 7, 7))
    draw_norm(state, 'bn1', 64)
    channels = 64
    for stage, count in enumerate(BLOCKS):
        planes = 64 * 2**stage
        for b in range(count):
            name = f'layer{stage + 1}.{b}'
            for i, shape in enumerate(
                ((planes, channels, 1, 1), (planes, planes, 3, 3),
                 (4 * planes, planes, 1, 1)), 1):
                draw_conv(state, f'{name}.conv{i}', shape)
                # else the maps grow with every block
                draw_norm(state, f'{name}.bn{i}', shape[0],
                          0.2 if i == 3 else 1.)
            if b == 0:
                draw_conv(state, f'{name}.downsample.0',
                          (4 * planes, channels, 1, 1))
                draw_norm(state, f'{name}.downsample.1', 4 * planes)
            channels = 4 * planes
    for name, width in heads:
        draw_classifier(state, name, width)
    return state


def draw_vgg16():
    state, channels = {}, 3
    layers = zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31),
                 (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512,
                  512, 1024, 1024))
    for number, width in layers:
        draw_conv(state, f'features.{number}', (width, channels, 3, 3), True)
        channels = width
    draw_classifier(state, 'classifier', 1024)
    return state


def draw_discriminator(names):
    state, channels = {}, CLASSES
    for name, width in zip(names, (64, 128, 256, 512, 1)):
        draw_conv(state, name, (width, channels, 4, 4), True)
        channels = width
    return state


def norm(state, name, x, batch):
    mean, var = (state[f'{name}.running_{kind}'] for kind in ('mean', 'var'))
    if batch:
        mean, var = None, None
    return F.batch_norm(x, mean, var, state[f'{name}.weight'],
                        state[f'{name}.bias'], batch)


def conv(state, name, x, stride=1, padding=0, dilation=1):
    return F.conv2d(x, state[f'{name}.weight'], state.get(f'{name}.bias'),
                    stride, padding, dilation)


def classify(state, name, x, rates):
    return sum(
        conv(state, f'{name}.conv2d_list.{i}', x, 1, rate, rate)
        for i, rate in enumerate(rates))


def resnet101_maps(state, x, batch=False):
    """Maps of the third and the fourth stage."""
    x = norm(state, 'bn1', conv(state, 'conv1', x, 2, 3), batch).relu()
    x = F.max_pool2d(x, 3, 2, 1, ceil_mode=True)
    maps = []
    for stage, count in enumerate(BLOCKS):
        dilation = (1, 1, 2, 4)[stage]
        for b in range(count):
            name = f'layer{stage + 1}.{b}'
            stride = 2 if stage == 1 and b == 0 else 1
            y = conv(state, f'{name}.conv1', x, stride)
            y = norm(state, f'{name}.bn1', y, batch).relu()
            y = conv(state, f'{name}.conv2', y, 1, dilation, dilation)
            y = norm(state, f'{name}.bn2', y, batch).relu()
            y = norm(state, f'{name}.bn3', conv(state, f'{name}.conv3', y),
                     batch)
            if b == 0:
                x = conv(state, f'{name}.downsample.0', x, stride)
                x = norm(state, f'{name}.downsample.1', x, batch)
            x = (x + y).relu()
        maps.append(x)
    return maps[2:]


def vgg16_map(state, x):
    for number in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21):
        x = conv(state, f'features.{number}', x, 1, 1).relu()
        if number in (2, 7, 14):
            x = F.max_pool2d(x, 2, 2)
    for number in (23, 25, 27):
        x = conv(state, f'features.{number}', x, 1, 2, 2).relu()
    for number in (29, 31):
        x = conv(state, f'features.{number}', x, 1, 4, 4).relu()
    return x


def judge(state, names, x):
    for name in names[:-1]:
        x = F.leaky_relu(conv(state, name, x, 2, 1), 0.2)
    return conv(state, names[-1], x, 2, 1)
