import copy

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS, PARAM_SCHEDULERS
from toys import toy_runner

from mmseg_ext.engine import JointOptimWrapperConstructor


@MODELS.register_module(force=True)
class ToyGAN(BaseModel):
    """Segmentor and discriminator with all losses in one sum."""

    def __init__(self):
        super().__init__()
        self.segmentor = nn.Sequential(
            nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        self.discriminators = nn.ModuleList(
            [nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))])

    def losses(self, x, y):
        logits = self.segmentor(x)
        frozen = {
            k: v.detach()
            for k, v in self.discriminators[0].named_parameters()
        }
        fooled = torch.func.functional_call(self.discriminators[0], frozen,
                                            (logits.softmax(1), ))
        judged = self.discriminators[0](logits.softmax(1).detach())
        return dict(
            loss_seg=F.cross_entropy(logits, y),
            loss_adv=0.1 * F.softplus(-fooled).mean(),
            loss_dis=F.softplus(judged).mean())

    def forward(self, inputs, data_samples=None, mode='loss'):
        return self.losses(
            torch.stack(inputs), torch.stack([s.label for s in data_samples]))


def cfg(**kwargs):
    return dict(
        type='OptimWrapper',
        constructor='JointOptimWrapperConstructor',
        optimizer=dict(
            segmentor=dict(
                type='SGD', lr=0.1, momentum=0.9, weight_decay=0.01),
            discriminators=dict(type='Adam', lr=0.02)),
        paramwise_cfg=dict(
            segmentor=dict(custom_keys={'2': dict(lr_mult=10.)})),
        **kwargs)


CLIP = dict(
    clip_grad=dict(
        segmentor=dict(max_norm=0.05),
        discriminators=dict(type='value', clip_value=0.01)))


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


def data(steps, seed=0):
    g = torch.Generator().manual_seed(seed)
    return [(torch.randn(6, 4,
                         generator=g), torch.randint(0, 3, (6, ), generator=g))
            for _ in range(steps)]


def two_loops(model, batches, clip, accumulate=1):
    """The alternating update of the papers, gradients ahead of any step."""
    seg, dis = model.segmentor, model.discriminators
    opt_seg = torch.optim.SGD([
        dict(params=seg[0].parameters()),
        dict(params=seg[2].parameters(), lr=1.)
    ],
                              lr=0.1,
                              momentum=0.9,
                              weight_decay=0.01)
    opt_dis = torch.optim.Adam(dis.parameters(), lr=0.02)
    for i, (x, y) in enumerate(batches):
        dis.requires_grad_(False)
        logits = seg(x)
        loss = F.cross_entropy(
            logits, y) + 0.1 * F.softplus(-dis[0](logits.softmax(1))).mean()
        (loss / accumulate).backward()
        dis.requires_grad_(True)
        loss = F.softplus(dis[0](seg(x).softmax(1).detach())).mean()
        (loss / accumulate).backward()
        if (i + 1) % accumulate:
            continue
        if clip:
            nn.utils.clip_grad_norm_(seg.parameters(), 0.05)
            nn.utils.clip_grad_value_(dis.parameters(), 0.01)
        opt_seg.step(), opt_dis.step()
        opt_seg.zero_grad(), opt_dis.zero_grad()
    return model


def assert_close(model, expected, atol=1e-6):
    for (name, value), other in zip(model.named_parameters(),
                                    expected.parameters()):
        diff = (value - other).abs().max().item()
        assert diff <= atol, f'{name}: largest difference {diff}'


@pytest.mark.parametrize('clip', [False, True])
@pytest.mark.parametrize('accumulate', [1, 2])
def test_equals_two_hand_written_loops(clip, accumulate):
    model = ToyGAN()
    expected = two_loops(
        copy.deepcopy(model), data(6), clip, accumulate=accumulate)
    wrapper = build_optim_wrapper(
        model, cfg(accumulative_counts=accumulate, **(CLIP if clip else {})))
    for x, y in data(6):
        wrapper.update_params(sum(model.losses(x, y).values()))
    assert_close(model, expected)


def test_one_gradient_scaler_unscales_ahead_of_the_clipping():
    model = ToyGAN()
    expected = two_loops(copy.deepcopy(model), data(4), clip=True)
    optimizer = build_optim_wrapper(model, cfg(**CLIP)).optimizer
    scaler = torch.amp.GradScaler('cpu', init_scale=1024.)
    before = copy.deepcopy(model.state_dict())
    # An overflow in one component skips both.
    x, y = data(1)[0]
    scaler.scale(model.losses(x, y)['loss_dis'] * float('inf')).backward()
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    for x, y in data(4):
        scaler.scale(sum(model.losses(x, y).values())).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
    assert_close(model, expected, atol=1e-5)


def test_under_bfloat16_autocast():
    model = ToyGAN()
    wrapper = build_optim_wrapper(model, cfg(**CLIP))
    before = copy.deepcopy(model.state_dict())
    for x, y in data(3):
        with torch.autocast('cpu', torch.bfloat16):
            losses = model.losses(x, y)
        wrapper.update_params(sum(losses.values()))
    for name, value in model.state_dict().items():
        assert value.dtype == torch.float32 and value.isfinite().all()
        assert not torch.equal(value, before[name]), name


SCHEDULERS = [
    dict(
        type='ComponentScheduler',
        component='segmentor',
        scheduler='PolyLR',
        power=1.,
        by_epoch=False),
    dict(
        type='ComponentScheduler',
        component='discriminators',
        scheduler='MultiStepLR',
        milestones=[3],
        by_epoch=False)
]


def runner(work_dir, **kwargs):
    kwargs.setdefault('optim_wrapper', cfg(_delete_=True, **CLIP))
    kwargs.setdefault('max_iters', 8)
    return toy_runner(
        work_dir,
        model=dict(type='ToyGAN', _delete_=True),
        param_scheduler=SCHEDULERS,
        **kwargs)


def test_schedules_by_component_logs_and_resume(tmp_path):
    whole = runner(tmp_path / 'whole')
    whole.train()
    hub = whole.message_hub
    groups = whole.optim_wrapper.optimizer.param_groups
    # Poly to zero at the last iteration; Adam's tenth from iteration 3 on.
    segmentor = hub.get_scalar('train/segmentor_lr').data[0]
    assert segmentor == pytest.approx([0.1 * (1 - i / 7) for i in range(8)])
    discriminators = hub.get_scalar('train/discriminators_lr').data[0]
    assert discriminators == pytest.approx([0.02] * 3 + [0.002] * 5)
    assert len(groups) == 2 + 1 and groups[1]['initial_lr'] == 1.
    assert 'momentum' not in groups[2]
    assert len(hub.get_scalar('train/segmentor_grad_norm').data[0]) == 8

    resumed = runner(
        tmp_path / 'resumed',
        resume=True,
        load_from=str(tmp_path / 'whole' / 'iter_4.pth'))
    resumed.train()
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name
    states = [
        torch.load(tmp_path / which / 'iter_8.pth')['optimizer']['optimizers']
        for which in ('whole', 'resumed')
    ]
    for i, state in states[0]['discriminators']['state'].items():
        other = states[1]['discriminators']['state'][i]
        assert torch.equal(state['exp_avg_sq'], other['exp_avg_sq'])
    groups = resumed.optim_wrapper.optimizer.param_groups
    inner = resumed.optim_wrapper.optimizer.optimizers['discriminators']
    assert groups[-1] is inner.param_groups[-1]


def test_plain_scheduler_and_auto_scale_lr_act_on_all(tmp_path):
    made = toy_runner(
        tmp_path,
        max_iters=2,
        model=dict(type='ToyGAN', _delete_=True),
        optim_wrapper=cfg(_delete_=True),
        param_scheduler=dict(
            type='ConstantLR', factor=0.5, end=10, by_epoch=False),
        auto_scale_lr=dict(enable=True, base_batch_size=6))
    made.train()
    # Batch of 3 instead of 6, and the schedule's half.
    inner = made.optim_wrapper.optimizer.optimizers
    assert inner['segmentor'].param_groups[0]['lr'] == pytest.approx(0.025)
    assert inner['discriminators'].param_groups[0]['lr'] == pytest.approx(
        0.005)


def build(model, **kwargs):
    return JointOptimWrapperConstructor(**kwargs)(model)


SGD = dict(type='SGD', lr=0.1)


@pytest.mark.parametrize('optimizer, message', [
    (SGD, 'map each component'),
    (dict(segmentor=SGD), 'no component.*discriminators.0.0.weight'),
    (dict(segmentor=SGD, discriminator=SGD), 'no such sub-module.*segmentor'),
    ({
        'segmentor': SGD,
        'segmentor.2': SGD,
        'discriminators': SGD
    }, r'several components.*segmentor\.2\.weight'),
])
def test_components_must_partition_the_parameters(optimizer, message):
    with pytest.raises(ValueError, match=message):
        build(ToyGAN(), optim_wrapper_cfg=dict(optimizer=optimizer))


def test_a_component_without_parameters_is_refused():
    model = ToyGAN()
    model.adversaries = nn.ModuleList()
    optimizer = dict(segmentor=SGD, discriminators=SGD, adversaries=SGD)
    with pytest.raises(ValueError, match="'adversaries', which has no param"):
        build(model, optim_wrapper_cfg=dict(optimizer=optimizer))


def test_frozen_parameters_need_no_component():
    model = ToyGAN()
    model.discriminators.requires_grad_(False)
    build(model, optim_wrapper_cfg=dict(optimizer=dict(segmentor=SGD)))


@pytest.mark.parametrize('field', ['clip_grad', 'paramwise_cfg'])
def test_settings_are_given_per_component(field):
    settings = {field: dict(max_norm=1.)}
    with pytest.raises(ValueError, match=f'{field}.*per component'):
        build_optim_wrapper(ToyGAN(), {**cfg(), **settings})


def test_a_checkpoint_of_a_single_optimiser_is_refused():
    wrapper = build_optim_wrapper(ToyGAN(), cfg())
    single = torch.optim.SGD(ToyGAN().parameters(), lr=0.1)
    with pytest.raises(ValueError, match='of a single optimiser'):
        wrapper.load_state_dict(single.state_dict())


def test_schedule_by_component_in_epochs():
    wrapper = build_optim_wrapper(ToyGAN(), cfg())
    schedule = PARAM_SCHEDULERS.build(
        dict(SCHEDULERS[0], by_epoch=True, end=3, convert_to_iter_based=True),
        default_args=dict(optimizer=wrapper, epoch_length=10))
    assert (schedule.by_epoch, schedule.end) == (False, 30)
    for _ in range(29):
        schedule.step()
    first, *_, last = wrapper.optimizer.param_groups
    assert first['lr'] == pytest.approx(0) and last['lr'] == 0.02


def test_unknown_component_of_a_scheduler(tmp_path):
    bad = dict(SCHEDULERS[0], component='generator')
    with pytest.raises(ValueError, match="'generator'.*segmentor"):
        toy_runner(
            tmp_path,
            model=dict(type='ToyGAN', _delete_=True),
            optim_wrapper=cfg(_delete_=True),
            param_scheduler=[bad]).train()
