import copy

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_ext.models.utils.classifier_growth import with_num_classes
from .toy import SEGMENTOR

OLD, NEW = 3, 2
CLASSES = OLD + NEW
TEACHER = dict(
    type='ASPPHead',
    in_channels=64,
    in_index=3,
    channels=8,
    dilations=(1, 2),
    norm_cfg=dict(type='BN'))


def student_cfg():
    cfg = with_num_classes(SEGMENTOR, 4, CLASSES)
    cfg['data_preprocessor']['size_divisor'] = 1
    return cfg


def build(**kwargs):
    torch.manual_seed(0)
    kwargs = dict(
        dict(
            type='WeaklyIncremental',
            segmentor=student_cfg(),
            num_old_classes=OLD,
            teacher=TEACHER), **kwargs)
    model = MODELS.build(kwargs)
    model.init_weights()
    model.train()
    model.set_stage('distillation')
    return model


def batch(masks=True, paste=True, labels=((3, 4), (4, )), size=32):
    torch.manual_seed(1)
    samples = []
    for i, shown in enumerate(labels):
        sample = SegDataSample(metainfo=dict(image_labels=shown))
        bits = torch.zeros(1, size, size, dtype=torch.int32)
        for bit in range(len(shown)):
            bits[:, 8 * bit:8 * bit + 8, 4:20] |= 1 << bit
        if masks:
            sample.set_field(PixelData(data=bits), 'gt_pseudo_mask')
        if paste:
            pasted = torch.zeros(1, size, size, dtype=torch.int32)
            pasted[:, 24:, 8:24] = 1 + i
            sample.set_field(PixelData(data=pasted), 'gt_paste_map')
        samples.append(sample)
    return dict(
        inputs=[
            torch.randint(0, 256, (3, size, size), dtype=torch.uint8)
            for _ in labels
        ],
        data_samples=samples)


def losses(model, data=None):
    data = model.data_preprocessor(batch() if data is None else data, True)
    return model.loss(**data)


NAMES = {
    'loss_student', 'loss_teacher_new', 'loss_teacher_old', 'loss_contrast',
    'loss_feature'
}


class TestLoss:

    def test_stages_and_gradients(self):
        model = build()
        found = losses(model)
        assert set(found) == NAMES
        sum(found.values()).backward()
        missing = [
            name for name, param in model.named_parameters()
            if param.requires_grad and param.grad is None
        ]
        assert missing == []
        assert all(p.grad is None for p in model.previous.parameters())
        model.zero_grad()
        model.set_stage('warmup')
        found = losses(model)
        assert set(found) == NAMES - {'loss_student'}
        sum(found.values()).backward()
        assert all(p.grad is None
                   for p in model.segmentor.decode_head.parameters())
        assert model.segmentor.backbone.stem[0].weight.grad is not None

    def test_detached_teacher(self):
        model = build(detach_teacher_input=True, loss_feature=None)
        model.set_stage('warmup')
        sum(losses(model).values()).backward()
        assert all(p.grad is None for p in model.segmentor.parameters())
        assert model.projector.layers[0].weight.grad.abs().sum() > 0

    def test_modes(self):
        model = build()
        assert not model.previous.training and model.teacher.training
        state = copy.deepcopy(model.previous.state_dict())
        before = copy.deepcopy(model.teacher.state_dict())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            sum(losses(model).values()).backward()
            optimizer.step()
        assert model.teacher.training and not model.previous.training
        for key, value in model.previous.state_dict().items():
            assert torch.equal(value, state[key]), key
        key = 'bottleneck.bn.num_batches_tracked'
        assert model.teacher.state_dict()[key] == before[key] + 3

    def test_student_loss_against_its_parts(self):
        """eta=1, alpha=0, no paste, no teacher: old model and masks."""
        model = build(teacher=None, alpha=0., eta=1., loss_feature=None).eval()
        data = model.data_preprocessor(batch(paste=False), True)
        found = model.loss(**data)['loss_student']
        logits = model._forward(data['inputs'])
        scores = model.previous._forward(data['inputs']).sigmoid()
        masks = torch.zeros(2, NEW, 32, 32)
        masks[0, 0, :8, 4:20] = 1
        masks[0, 1, 8:16, 4:20] = 1
        masks[1, 1, :8, 4:20] = 1
        masks = torch.nn.functional.adaptive_avg_pool2d(
            masks, logits.shape[2:])
        target = torch.cat([scores, masks], 1)
        target[:, 0] = torch.minimum(scores[:, 0], 1 - masks.amax(1))
        expected = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, target, reduction='none').sum(1).mean()
        assert found.item() == pytest.approx(expected.item(), rel=1e-5)

    def test_fine_tuning(self):
        model = build(teacher=None, distill_old=False, alpha=1.)
        assert model.previous is None and model.loss_feature is None
        model.capture_targets = True
        assert set(losses(model, batch(paste=False))) == {'loss_student'}
        target = model.captured_targets['target']
        assert set(target.unique().tolist()) == {0, 3, 4}

    def test_paste_supervision(self):
        for who, loss in ((('teacher', ), 'loss_teacher_old'),
                          (('student', ), 'loss_student')):
            model = build(paste_supervision=who).eval()
            with_paste = losses(model)
            without = losses(model, batch(paste=False))
            changed = {
                name
                for name in ('loss_teacher_old', 'loss_student')
                if with_paste[name] != without[name]
            }
            assert changed == {loss}

    def test_known_labels_of_old_classes(self):
        """Scores of old classes that an image does not show are 0."""
        heard = []

        def told(*labels):
            data = batch()
            for sample, old in zip(data['data_samples'], labels):
                sample.set_metainfo(dict(old_image_labels=old))
            return data

        model = build().eval()
        make_targets = model._make_targets

        def listen(*args):
            made = make_targets(*args)
            heard.append(made.old_scores)
            return made

        model._make_targets = listen
        free = losses(model)
        # the first image has an object of class 1 pasted, the other of 2
        found = losses(model, told((), (1, )))
        same = losses(model, told((1, 2), (1, 2)))
        assert heard[1][0, 2].eq(0).all()
        heard[0][0, 2] = 0
        assert torch.equal(heard[0], heard[1])
        assert found['loss_student'] != free['loss_student']
        assert same['loss_student'] == free['loss_student']

    def test_padding_does_not_count(self):
        model = build(loss_feature=None, loss_contrast=None).eval()
        small = batch(labels=((3, ), ))
        both = batch(labels=((3, ), (4, )), size=32)
        both['data_samples'][1].gt_pseudo_mask.data[:] = 255
        del both['data_samples'][1].gt_paste_map
        both['data_samples'][1].set_field(
            PixelData(data=torch.full((1, 32, 32), 255, dtype=torch.int32)),
            'gt_paste_map')
        both['inputs'][0] = small['inputs'][0]
        one, two = losses(model, small), losses(model, both)
        for name in one:
            assert one[name].item() == pytest.approx(two[name].item(), 1e-5)

    def test_images_of_two_sizes(self):
        data = batch()
        other = batch(labels=((3, ), ), size=24)
        for key in data:
            data[key][1] = other[key][0]
        assert all(x.isfinite() for x in losses(build(), data).values())

    def test_no_label_no_mask(self):
        model = build()
        found = losses(model, batch(paste=False, labels=((), ())))
        assert found['loss_contrast'] == 0
        sum(found.values()).backward()
        assert model.projector.layers[0].weight.grad is not None

    def test_skip_unlocalised(self):
        data = batch(paste=False)
        data['data_samples'][0].gt_pseudo_mask.data[:] = 0
        kept = losses(build().eval(), copy.deepcopy(data))['loss_student']
        model = build(skip_unlocalised=True).eval()
        skipped = losses(model, copy.deepcopy(data))['loss_student']
        for name in data:
            data[name] = data[name][1:]
        alone = losses(build().eval(), data)['loss_student']
        assert skipped.item() == pytest.approx(alone.item(), rel=1e-4)
        assert kept != skipped

    def test_auxiliary_head(self):
        cfg = student_cfg()
        cfg['auxiliary_head'] = dict(
            cfg['decode_head'],
            in_channels=32,
            in_index=2,
            loss_decode=dict(type='CrossEntropyLoss', loss_weight=0.4))
        found = losses(build(segmentor=cfg))
        assert 'aux_0.loss_student' in found

    def test_weight_of_an_auxiliary_head_with_several_losses(self):
        cfg = student_cfg()
        loss = dict(type='CrossEntropyLoss', loss_weight=0.4)
        found = []
        for loss_decode in (loss, [
                dict(loss, loss_weight=0.1),
                dict(type='DiceLoss', loss_weight=0.3)
        ]):
            cfg['auxiliary_head'] = dict(
                cfg['decode_head'],
                in_channels=32,
                in_index=2,
                loss_decode=loss_decode)
            model = build(segmentor=cfg).eval()
            found.append(losses(model)['aux_0.loss_student'].item())
        assert found[1] == pytest.approx(found[0])

    def test_amp(self):
        model = build()
        with torch.autocast('cpu', torch.bfloat16):
            found = losses(model)
        assert all(x.dtype == torch.float32 for x in found.values())
        sum(found.values()).backward()
        assert all(p.grad is not None for p in model.teacher.parameters())

    def test_amp_forgets_weights_cast_without_graph(self, monkeypatch):
        """Behind the pass that teaches, ahead of the one that trains."""
        model, passes = build(), []
        clear = torch.clear_autocast_cache
        monkeypatch.setattr(torch, 'clear_autocast_cache', lambda:
                            (passes.append('clear'), clear()))
        model.teacher.bottleneck.register_forward_hook(
            lambda *_: passes.append(torch.is_grad_enabled()))
        with torch.autocast('cpu', torch.bfloat16):
            losses(model)
            assert passes == [False, 'clear', True]

    def test_online_masks(self):
        """In full precision under AMP, of draws that are new each time."""
        model = build()
        model.class_names = list('abcde')
        dtypes, seeds = [], []

        class CoSegmentor(torch.nn.Module):

            def set_old_classes(self, names):
                assert names == ['b', 'c']

            def bits(self, image, names, seed, size):
                dtypes.append((image[0] @ image[0].T).dtype)
                seeds.append(seed)
                return torch.ones(size, dtype=torch.int32)

        model._co_segmentor.append(CoSegmentor())
        data = batch(masks=False)
        with torch.autocast('cpu', torch.bfloat16):
            for _ in range(2):
                losses(model, copy.deepcopy(data))
        assert dtypes == [torch.float32] * 4
        assert len(set(seeds)) == 4

    def test_segformer(self):
        cfg = dict(
            type='EncoderDecoder',
            data_preprocessor=student_cfg()['data_preprocessor'],
            backbone=dict(
                type='MixVisionTransformer',
                embed_dims=8,
                num_layers=[1] * 4,
                num_heads=[1, 2, 2, 2]),
            decode_head=dict(
                type='SegformerHead',
                in_channels=[8, 16, 16, 16],
                in_index=[0, 1, 2, 3],
                channels=8,
                num_classes=CLASSES,
                norm_cfg=dict(type='BN')),
            test_cfg=dict(mode='whole'))
        teacher = dict(TEACHER, in_channels=16, in_index=2)
        found = losses(build(segmentor=cfg, teacher=teacher))
        assert all(x.isfinite() for x in found.values())

    def test_capture(self):
        model = build()
        model.capture_targets = True
        losses(model)
        captured = model.captured_targets
        assert captured['masks'].max() == 255
        assert set(captured['pasted'].unique().tolist()) == {1, 2, 255}

    def test_bare_passes(self):
        model = build()
        data = model.data_preprocessor(batch(), True)
        passes = model.bare_passes(**data)
        assert list(passes) == [
            'segmentor and teacher', 'old model', 'teacher in eval mode'
        ]
        assert [run() is None for run in passes.values()] == [0, 1, 1]

    @pytest.mark.parametrize('stage', ['warmup', 'distillation'])
    def test_bare_passes_end_in_the_losses(self, stage):
        """Of the iteration, on targets that are made beforehand."""
        model = build(teacher=dict(TEACHER, norm_cfg=None))
        model.set_stage(stage)
        data = model.data_preprocessor(batch(), True)
        passes = model.bare_passes(**data)
        assert len(passes) == 2 + (stage == 'distillation')
        torch.manual_seed(2)
        expected = sum(model.loss(**data).values())
        torch.manual_seed(2)
        found = passes['segmentor and teacher']()
        assert torch.equal(found, expected)
        found.backward()
        assert model.projector.layers[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize('options,message', [
    (dict(background='max'), 'background must be'),
    (dict(alpha=2), 'alpha must be'),
    (dict(paste_supervision=['all']), 'paste_supervision may'),
])
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_sample_without_masks():
    with pytest.raises(
            ValueError, match='WeaklyIncremental finds no gt_pseudo_mask in'):
        losses(build(), batch(masks=False))
