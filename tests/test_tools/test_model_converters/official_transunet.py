"""R50+ViT-B/16 and TransUNet in their authors' layouts, in small.

Written from the description of the networks, with the names of the official
state dicts.
"""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

WIDTH, HIDDEN, MLP, HEADS, LAYERS, CLASSES = 32, 24, 48, 3, 2, 5
BLOCKS = (2, 1, 2)
DECODER = (16, 12, 8, 4)
HEAD_CHANNELS = 20


class StdConv(nn.Conv2d):

    def forward(self, x):
        w = self.weight
        mean = w.mean((1, 2, 3), keepdim=True)
        var = w.var((1, 2, 3), keepdim=True, unbiased=False)
        return F.conv2d(x, (w - mean) / torch.sqrt(var + 1e-5), None,
                        self.stride, self.padding)


class Unit(nn.Module):

    def __init__(self, cin, cmid, stride, first):
        super().__init__()
        cout = 4 * cmid
        self.gn1 = nn.GroupNorm(32, cmid, eps=1e-6)
        self.conv1 = StdConv(cin, cmid, 1, bias=False)
        self.gn2 = nn.GroupNorm(32, cmid, eps=1e-6)
        self.conv2 = StdConv(cmid, cmid, 3, stride, 1, bias=False)
        self.gn3 = nn.GroupNorm(32, cout, eps=1e-6)
        self.conv3 = StdConv(cmid, cout, 1, bias=False)
        if first:
            self.downsample = StdConv(cin, cout, 1, stride, bias=False)
            self.gn_proj = nn.GroupNorm(cout, cout)

    def forward(self, x):
        shortcut = x
        if hasattr(self, 'downsample'):
            shortcut = self.gn_proj(self.downsample(x))
        x = self.gn1(self.conv1(x)).relu()
        x = self.gn2(self.conv2(x)).relu()
        return (shortcut + self.gn3(self.conv3(x))).relu()


class Attention(nn.Module):

    def __init__(self):
        super().__init__()
        for name in ('query', 'key', 'value', 'out'):
            setattr(self, name, nn.Linear(HIDDEN, HIDDEN))

    def forward(self, x):
        n, length, _ = x.shape
        q, k, v = (
            layer(x).view(n, length, HEADS, -1).transpose(1, 2)
            for layer in (self.query, self.key, self.value))
        weight = (q @ k.transpose(2, 3) / (HIDDEN / HEADS)**0.5).softmax(-1)
        return self.out((weight @ v).transpose(1, 2).flatten(2))


class Layer(nn.Module):

    def __init__(self):
        super().__init__()
        self.attention_norm = nn.LayerNorm(HIDDEN, eps=1e-6)
        self.ffn_norm = nn.LayerNorm(HIDDEN, eps=1e-6)
        self.attn = Attention()
        self.ffn = nn.ModuleDict(
            dict(fc1=nn.Linear(HIDDEN, MLP), fc2=nn.Linear(MLP, HIDDEN)))

    def forward(self, x):
        x = x + self.attn(self.attention_norm(x))
        return x + self.ffn.fc2(F.gelu(self.ffn.fc1(self.ffn_norm(x))))


def conv_bn(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout),
        nn.ReLU())


class TransUNet(nn.Module):

    def __init__(self, grid):
        super().__init__()
        body, cin, cmid = nn.ModuleDict(), WIDTH, WIDTH
        for b, units in enumerate(BLOCKS, 1):
            body[f'block{b}'] = nn.ModuleDict()
            for u in range(1, units + 1):
                stride = 2 if b > 1 and u == 1 else 1
                body[f'block{b}'][f'unit{u}'] = Unit(cin, cmid, stride, u == 1)
                cin = 4 * cmid
            cmid *= 2
        hybrid = nn.ModuleDict(
            dict(
                root=nn.ModuleDict(
                    dict(
                        conv=StdConv(3, WIDTH, 7, 2, 3, bias=False),
                        gn=nn.GroupNorm(32, WIDTH, eps=1e-6))),
                body=body))
        embeddings = nn.ModuleDict(
            dict(
                hybrid_model=hybrid,
                patch_embeddings=nn.Conv2d(cin, HIDDEN, 1)))
        embeddings.position_embeddings = nn.Parameter(
            torch.randn(1, grid * grid, HIDDEN))
        encoder = nn.ModuleDict(
            dict(
                layer=nn.ModuleList(Layer() for _ in range(LAYERS)),
                encoder_norm=nn.LayerNorm(HIDDEN, eps=1e-6)))
        self.transformer = nn.ModuleDict(
            dict(embeddings=embeddings, encoder=encoder))
        blocks, cin = nn.ModuleList(), HEAD_CHANNELS
        for cout, skip in zip(DECODER, (8 * WIDTH, 4 * WIDTH, WIDTH, 0)):
            blocks.append(
                nn.ModuleDict(
                    dict(
                        conv1=conv_bn(cin + skip, cout),
                        conv2=conv_bn(cout, cout))))
            cin = cout
        self.decoder = nn.ModuleDict(
            dict(conv_more=conv_bn(HIDDEN, HEAD_CHANNELS), blocks=blocks))
        self.segmentation_head = nn.Sequential(
            nn.Conv2d(cin, CLASSES, 3, padding=1))

    def forward(self, image):
        embeddings = self.transformer.embeddings
        root, body = (embeddings.hybrid_model[x] for x in ('root', 'body'))
        x = root.gn(root.conv(image)).relu()
        skips = [x]
        x = F.max_pool2d(x, 3, 2)
        for b, units in enumerate(body.values(), 1):
            for unit in units.values():
                x = unit(x)
            if b < len(BLOCKS):
                side = image.shape[2] // 4 // b
                skip = x.new_zeros(*x.shape[:2], side, side)
                skip[:, :, :x.shape[2], :x.shape[3]] = x
                skips.append(skip)
        x = embeddings.patch_embeddings(x)
        size = x.shape[2:]
        x = x.flatten(2).transpose(1, 2) + embeddings.position_embeddings
        for layer in self.transformer.encoder.layer:
            x = layer(x)
        x = self.transformer.encoder.encoder_norm(x)
        x = x.transpose(1, 2).unflatten(2, size)
        features = (*skips, x)
        x = self.decoder.conv_more(x)
        for block, skip in zip(self.decoder.blocks, [*skips[::-1], None]):
            x = F.interpolate(
                x, scale_factor=2, mode='bilinear', align_corners=True)
            x = x if skip is None else torch.cat([x, skip], 1)
            x = block.conv2(block.conv1(x))
        return features, self.segmentation_head(x)


def google_arrays(grid, seed=0):
    """Random arrays with the names and shapes of R50+ViT-B_16.npz, small."""
    rng = np.random.default_rng(seed)
    arrays = {}

    def add(name, *shape):
        arrays[name] = rng.standard_normal(shape).astype(np.float32)

    def norm(name, channels, *ones):
        add(f'{name}/scale', *ones, channels)
        add(f'{name}/bias', *ones, channels)

    add('conv_root/kernel', 7, 7, 3, WIDTH)
    norm('gn_root', WIDTH, 1, 1, 1)
    cin, cmid = WIDTH, WIDTH
    for b, units in enumerate(BLOCKS, 1):
        for u in range(1, units + 1):
            name = f'block{b}/unit{u}'
            add(f'{name}/conv1/kernel', 1, 1, cin, cmid)
            add(f'{name}/conv2/kernel', 3, 3, cmid, cmid)
            add(f'{name}/conv3/kernel', 1, 1, cmid, 4 * cmid)
            for i, channels in ((1, cmid), (2, cmid), (3, 4 * cmid)):
                norm(f'{name}/gn{i}', channels, 1, 1, 1)
            if u == 1:
                add(f'{name}/conv_proj/kernel', 1, 1, cin, 4 * cmid)
                norm(f'{name}/gn_proj', 4 * cmid, 1, 1, 1)
            cin = 4 * cmid
        cmid *= 2
    add('embedding/kernel', 1, 1, cin, HIDDEN)
    add('embedding/bias', HIDDEN)
    add('cls', 1, 1, HIDDEN)
    add('Transformer/posembed_input/pos_embedding', 1, grid * grid + 1, HIDDEN)
    for i in range(LAYERS):
        name = f'Transformer/encoderblock_{i}'
        norm(f'{name}/LayerNorm_0', HIDDEN)
        norm(f'{name}/LayerNorm_2', HIDDEN)
        attention = f'{name}/MultiHeadDotProductAttention_1'
        for part in ('query', 'key', 'value'):
            add(f'{attention}/{part}/kernel', HIDDEN, HEADS, HIDDEN // HEADS)
            add(f'{attention}/{part}/bias', HEADS, HIDDEN // HEADS)
        add(f'{attention}/out/kernel', HEADS, HIDDEN // HEADS, HIDDEN)
        add(f'{attention}/out/bias', HIDDEN)
        add(f'{name}/MlpBlock_3/Dense_0/kernel', HIDDEN, MLP)
        add(f'{name}/MlpBlock_3/Dense_0/bias', MLP)
        add(f'{name}/MlpBlock_3/Dense_1/kernel', MLP, HIDDEN)
        add(f'{name}/MlpBlock_3/Dense_1/bias', HIDDEN)
    norm('Transformer/encoder_norm', HIDDEN)
    add('head/kernel', HIDDEN, 10)
    add('head/bias', 10)
    add('pre_logits/kernel', HIDDEN, HIDDEN)
    return arrays


def google_forward(arrays, image):
    """The maps s2, s4, s8 and s16 of an image (1, 3, H, W), in float64."""
    a = {name: torch.from_numpy(x).double() for name, x in arrays.items()}

    def same(x, kernel, stride, value=0.):
        pads = []
        for side in (x.shape[3], x.shape[2]):
            out = (side + stride - 1) // stride
            total = max((out - 1) * stride + kernel - side, 0)
            pads += [total // 2, total - total // 2]
        return F.pad(x, pads, value=value)

    def conv(name, x, stride=1):
        w = a[f'{name}/kernel']
        mean = w.mean((0, 1, 2))
        std = w.var((0, 1, 2), unbiased=False).sqrt()
        w = ((w - mean) / (std + 1e-5)).permute(3, 2, 0, 1)
        return F.conv2d(same(x, w.shape[2], stride), w, None, stride)

    def gn(name, x):
        return F.group_norm(x, 32, a[f'{name}/scale'].flatten(),
                            a[f'{name}/bias'].flatten(), 1e-6)

    def ln(name, x):
        return F.layer_norm(x, (HIDDEN, ), a[f'{name}/scale'],
                            a[f'{name}/bias'], 1e-6)

    x = gn('gn_root', conv('conv_root', image.double(), 2)).relu()
    maps = [x]
    x = F.max_pool2d(same(x, 3, 2, float('-inf')), 3, 2)
    for b, units in enumerate(BLOCKS, 1):
        for u in range(1, units + 1):
            name, stride = f'block{b}/unit{u}', 2 if b > 1 and u == 1 else 1
            shortcut = x
            if u == 1:
                shortcut = gn(f'{name}/gn_proj',
                              conv(f'{name}/conv_proj', x, stride))
            x = gn(f'{name}/gn1', conv(f'{name}/conv1', x)).relu()
            x = gn(f'{name}/gn2', conv(f'{name}/conv2', x, stride)).relu()
            x = gn(f'{name}/gn3', conv(f'{name}/conv3', x))
            x = (shortcut + x).relu()
        maps.append(x)
    del maps[-1]
    x = torch.einsum('nchw,cd->nhwd', x, a['embedding/kernel'][0, 0])
    size = x.shape[1:3]
    x = (x + a['embedding/bias']).flatten(1, 2)
    x = x + a['Transformer/posembed_input/pos_embedding'][:, 1:]
    for i in range(LAYERS):
        name = f'Transformer/encoderblock_{i}'
        attention = f'{name}/MultiHeadDotProductAttention_1'
        y = ln(f'{name}/LayerNorm_0', x)
        q, k, v = (
            torch.einsum('nlc,chd->nhld', y, a[f'{attention}/{part}/kernel']) +
            a[f'{attention}/{part}/bias'][:, None]
            for part in ('query', 'key', 'value'))
        weight = (q @ k.transpose(2, 3) / (HIDDEN / HEADS)**0.5).softmax(-1)
        y = torch.einsum('nhld,hdc->nlc', weight @ v,
                         a[f'{attention}/out/kernel'])
        x = x + y + a[f'{attention}/out/bias']
        y = ln(f'{name}/LayerNorm_2', x)
        mlp = f'{name}/MlpBlock_3/Dense'
        y = F.gelu(y @ a[f'{mlp}_0/kernel'] + a[f'{mlp}_0/bias'])
        x = x + y @ a[f'{mlp}_1/kernel'] + a[f'{mlp}_1/bias']
    x = ln('Transformer/encoder_norm', x)
    return [*maps, x.transpose(1, 2).unflatten(2, size)]
