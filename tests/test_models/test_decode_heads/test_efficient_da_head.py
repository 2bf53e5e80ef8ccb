import subprocess
import sys

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.decode_heads.da_head import CAM
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_ext  # noqa: F401
from mmseg_ext.models.decode_heads.efficient_da_head import (EfficientCAM,
                                                             EfficientPAM)
from mmseg_ext.models.utils import attention

CFG = dict(
    in_channels=12,
    in_index=0,
    channels=8,
    pam_channels=4,
    num_classes=5,
    dropout_ratio=0.,
    norm_cfg=dict(type='BN'),
    align_corners=False,
    loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True))


def build(type='EfficientDAHead', **kwargs):
    torch.manual_seed(0)
    head = MODELS.build(dict(CFG, type=type, **kwargs))
    for name in ('pam', 'cam'):
        if hasattr(head, name):
            torch.nn.init.constant_(getattr(head, name).gamma.scale, 0.7)
    return head


def features(height=9, width=11):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(2, 12, height, width, generator=generator)]


def samples(label):
    return [
        SegDataSample(gt_sem_seg=PixelData(data=one[None])) for one in label
    ]


def labels(height=36, width=44, num_classes=5):
    generator = torch.Generator().manual_seed(2)
    return torch.randint(num_classes, (2, height, width), generator=generator)


@pytest.mark.parametrize('mode', ['auto', 'sdpa', 'query_blocks', 'dense'])
def test_equals_the_stock_head(mode):
    stock = build('DAHead')
    head = build(position_attention=mode, query_block_size=40)
    assert list(head.state_dict()) == list(stock.state_dict())
    head.load_state_dict(stock.state_dict())
    stock.load_state_dict(head.state_dict())
    ours, theirs = head(features()), stock(features())
    assert len(ours) == len(theirs) == 3
    for found, expected in zip(ours, theirs):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    truth = samples(labels())
    found = head.loss_by_feat(ours, truth)
    expected = stock.loss_by_feat(theirs, truth)
    assert list(found) == list(expected)
    for key in found:
        torch.testing.assert_close(found[key], expected[key])


def test_side_classifiers_rest_at_inference():
    head, stock = build().eval(), build('DAHead').eval()
    head.load_state_dict(stock.state_dict())
    head.pam_conv_seg = head.cam_conv_seg = None
    found = head(features())
    assert len(found) == 1
    torch.testing.assert_close(found[0], stock(features())[0])
    metas = [dict(img_shape=(36, 44))] * 2
    assert head.predict(features(), metas, {}).shape == (2, 5, 36, 44)


def test_new_attention_is_the_identity():
    x = torch.randn(2, 8, 5, 7)
    assert torch.equal(EfficientPAM(8, 4)(x), x)
    assert torch.equal(EfficientCAM()(x), x)


def test_position_attention_of_one_pixel():
    pam = EfficientPAM(8, 4)
    torch.nn.init.constant_(pam.gamma.scale, 0.7)
    x = torch.randn(2, 8, 1, 1)
    torch.testing.assert_close(pam(x), 0.7 * pam.value_project(x) + x)


@pytest.mark.skipif(
    attention.sdpa_kernel is None, reason='torch < 2.3 cannot choose kernels')
def test_position_attention_of_maps_is_fused(monkeypatch):
    """With values as wide as the keys, which CPUs have a kernel for."""
    fused = []
    plain = attention._fused_attention

    def spy(*args):
        fused.append(plain(*args))
        return fused[-1]

    monkeypatch.setattr(attention, '_fused_attention', spy)
    EfficientPAM(8, 8, 'sdpa')(torch.randn(2, 8, 40, 40))
    assert fused[0] is not None


@pytest.mark.parametrize('affinity, sign', [('dissimilarity', -1),
                                            ('similarity', 1)])
def test_channel_attention(affinity, sign):
    cam = EfficientCAM(affinity)
    torch.nn.init.constant_(cam.gamma.scale, 0.7)
    x = 0.3 * torch.randn(2, 6, 3, 4)
    flat = x.flatten(2)
    weights = (sign * torch.einsum('bin,bjn->bij', flat, flat)).exp()
    weights = weights / weights.sum(2, keepdim=True)
    expected = 0.7 * torch.einsum('bij,bjn->bin', weights, flat) + flat
    torch.testing.assert_close(cam(x).flatten(2), expected)
    if sign < 0:
        stock = CAM()
        stock.load_state_dict(cam.state_dict())
        torch.testing.assert_close(cam(x), stock(x))


def test_channel_attention_does_not_overflow():
    """The sum over 32768 pixels is beyond the largest float16."""
    cam = EfficientCAM()
    torch.nn.init.constant_(cam.gamma.scale, 0.7)
    x = 2 * torch.rand(1, 4, 128, 256)
    assert x.square().sum((2, 3)).max() > 40000
    half = cam.half()(x.half())
    assert half.isfinite().all()
    torch.testing.assert_close(
        half.float(), cam.float()(x), rtol=1e-2, atol=1e-2)


# A process cannot go back from a setting: each has a fork of its own.
TF32_SETTINGS = '''
import multiprocessing
import torch
from mmseg_ext.models.decode_heads import efficient_da_head

matmul = torch.backends.cuda.matmul
settings = [
    lambda: None,
    lambda: torch.set_float32_matmul_precision('high'),
    lambda: torch.set_float32_matmul_precision('medium'),
    lambda: setattr(matmul, 'allow_tf32', True),
]
if hasattr(matmul, 'fp32_precision'):
    settings += [
        lambda: setattr(matmul, 'fp32_precision', 'tf32'),
        lambda: setattr(torch.backends, 'fp32_precision', 'tf32'),
    ]


def of_kernels():
    if hasattr(matmul, 'fp32_precision'):
        return matmul.fp32_precision
    return 'tf32' if matmul.allow_tf32 else 'ieee'


def state():
    values = [of_kernels()]
    for read in (torch.get_float32_matmul_precision,
                 lambda: matmul.allow_tf32):
        try:
            values.append(read())
        except RuntimeError:
            values.append('error')
    return values


def check(set_up):
    set_up()
    before, inside = state(), []
    plain = efficient_da_head.full_precision

    def spy(x):
        inside.append(of_kernels())
        return plain(x)

    efficient_da_head.full_precision = spy
    efficient_da_head.EfficientCAM()(torch.randn(1, 4, 3, 3))
    assert inside == ['ieee'], inside
    assert state() == before, (before, state())


fork = multiprocessing.get_context('fork')
for set_up in settings:
    child = fork.Process(target=check, args=(set_up, ))
    child.start()
    child.join()
    assert child.exitcode == 0, settings.index(set_up)
'''


def test_channel_attention_goes_without_tf32(repo):
    """Whichever way it is set, and leaves it as it was."""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', TF32_SETTINGS],
        cwd=repo,
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr


def test_weights_of_the_losses():
    head = build(branch_loss_weights=(1., 0.5, 0.))
    truth = samples(labels())
    plain = build().loss_by_feat(head(features()), truth)
    found = head.loss_by_feat(head(features()), truth)
    for name, weight in (('pam_cam', 1.), ('pam', 0.5), ('cam', 0.)):
        torch.testing.assert_close(found[f'{name}.loss_ce'],
                                   weight * plain[f'{name}.loss_ce'])
        assert found[f'{name}.acc_seg'] == plain[f'{name}.acc_seg']


def test_void_pixels_do_not_count():
    label = labels()
    label[:, 18:] = 255
    head = build()
    outputs = head(features())
    found = head.loss_by_feat(outputs, samples(label))['pam.loss_ce']
    logits = torch.nn.functional.interpolate(
        outputs[1], (36, 44), mode='bilinear', align_corners=False)
    expected = torch.nn.functional.cross_entropy(logits[:, :, :18],
                                                 label[:, :18])
    torch.testing.assert_close(found, expected)
    losses = head.loss_by_feat(head(features()), samples(0 * label + 255))
    total = sum(v for k, v in losses.items() if 'loss' in k)
    assert total == 0
    total.backward()


@pytest.mark.parametrize('branch', ['pam', 'cam'])
def test_one_branch_alone(branch):
    head = build(**{'with_pam': branch == 'pam', 'with_cam': branch == 'cam'})
    other = dict(pam='cam', cam='pam')[branch]
    assert not any(key.startswith(other) for key in head.state_dict())
    losses = head.loss_by_feat(head(features()), samples(labels()))
    assert list(losses) == ['pam_cam.loss_ce', 'pam_cam.acc_seg']
    losses['pam_cam.loss_ce'].backward()
    assert all(p.grad is not None for p in head.parameters())


def test_binary_head_has_maps_of_one_channel():
    head = build(
        num_classes=2,
        out_channels=1,
        threshold=0.3,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
    outputs = head(features())
    assert [out.shape[1] for out in outputs] == [1, 1, 1]
    losses = head.loss_by_feat(outputs, samples(labels(num_classes=2)))
    sum(v for k, v in losses.items() if 'loss' in k).backward()


@pytest.mark.parametrize('options, message', [
    (dict(position_attention='flash'), 'position_attention must be one of'),
    (dict(channel_affinity='none'), 'channel_affinity must be one of'),
    (dict(query_block_size=0), 'query_block_size'),
    (dict(branch_loss_weights=(1., 1.)), 'three numbers'),
    (dict(with_pam=False, with_cam=False), 'needs with_pam or with_cam'),
])
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
