import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS

from mmseg_ext.models.pseudo_filters.base import BasePseudoFilter, PseudoLabels
from mmseg_ext.models.utils.masks import resize_nearest, stack_valid_masks
from .toy import (BN, LOCALIZATION, NUM_CLASSES, SEGMENTOR, build_eln,
                  in_stage, loss_sum, make_batch, sample, trained)

NETWORKS = ('segmentor', 'aux_decoders', 'pseudo_filter', 'projector',
            'teacher', 'teacher_projector')


def reached(model):
    """Networks with a gradient that is not zero."""
    return {
        name
        for name in NETWORKS
        if any(param.grad is not None and param.grad.abs().sum() > 0
               for param in getattr(model, name).parameters())
    }


@pytest.mark.parametrize('words,expected', [
    (('labeled.decode', ), {'segmentor'}),
    (('aux_decoder', ), {'aux_decoders'}),
    (('filter', ), {'pseudo_filter'}),
    (('loss_pseudo', ), {'segmentor'}),
    (('loss_contrast', ), {'segmentor', 'projector'}),
])
def test_each_loss_teaches_its_networks_only(words, expected):
    torch.manual_seed(0)
    model = in_stage(build_eln(aux_decoders=dict(alphas=(0., 0.))), 'semi')
    losses = model.loss(*make_batch())
    loss_sum(losses, *words).backward()
    assert reached(model) == expected


def test_contrast_leaves_the_classifier_alone():
    model = in_stage(build_eln(), 'semi')
    loss_sum(model.loss(*make_batch()), 'loss_contrast').backward()
    assert model.segmentor.decode_head.conv_seg.weight.grad is None


@pytest.mark.parametrize('stage,expected', [
    ('pretrain', {'segmentor'}),
    ('localize', {'segmentor', 'aux_decoders', 'pseudo_filter'}),
    ('semi', {'segmentor', 'aux_decoders', 'pseudo_filter', 'projector'}),
])
def test_networks_a_stage_does_not_use_have_no_gradient(stage, expected):
    model = in_stage(build_eln(), stage)
    loss_sum(model.loss(*make_batch())).backward()
    assert {name
            for name in NETWORKS if trained(getattr(model, name))} == expected


def test_closed_gate_gives_zero_gradients_not_none():
    model = in_stage(
        build_eln(aux_decoders=dict(alphas=(1e9, 0.))), 'localize')
    losses = model.loss(*make_batch())
    loss_sum(losses).backward()
    assert losses['aux_decoder_0.gate'] == 0
    assert losses['aux_decoder_1.gate'] == 1
    closed, opened = model.aux_decoders
    assert all((param.grad == 0).all() for param in closed.parameters())
    assert any((param.grad != 0).any() for param in opened.parameters())


@pytest.mark.parametrize('gate', ['batch', 'image'])
def test_open_gate_of_both_scopes_agree(gate):
    """With all gates open the image scope is the mean over the images."""
    torch.manual_seed(0)
    model = build_eln(aux_decoders=dict(alphas=(0., ), gate=gate))
    model.aux_decoders[0].dropout = None
    inputs, samples = make_batch()
    in_stage(model, 'localize')
    torch.manual_seed(1)
    losses = model.loss(inputs, samples)
    feats = model.segmentor.extract_feat(inputs['labeled'])
    expected = model.aux_decoders[0].loss_by_feat(
        model.aux_decoders[0].forward(feats), samples['labeled'])
    torch.testing.assert_close(losses['aux_decoder_0.loss_ce'],
                               expected['loss_ce'])


def test_image_gate_counts_each_image_on_its_own():
    model = build_eln(aux_decoders=dict(alphas=(1., ), gate='image'))
    decoder = model.aux_decoders[0]
    inputs, samples = make_batch()
    labels = torch.cat([s.gt_sem_seg.data for s in samples['labeled']])
    with torch.no_grad():
        feats = model.segmentor.extract_feat(inputs['labeled'])
        logits = torch.nn.functional.interpolate(
            decoder.forward(feats), labels.shape[1:], mode='bilinear')
    # the main decoder is perfect on the first image, hopeless on the second
    main = torch.nn.functional.one_hot(labels.clamp(max=3),
                                       NUM_CLASSES).permute(0, 3, 1,
                                                            2).float()
    main = main * torch.tensor([50., -50.]).view(2, 1, 1, 1)
    losses, _ = model.aux_decoders.loss(feats, samples['labeled'], labels,
                                        main, None)
    assert losses['aux_decoder_0.gate'] == 0.5
    first = torch.nn.functional.cross_entropy(
        logits[:1], labels[:1], ignore_index=255)
    # the dropout of the decoder makes its logits differ between two passes
    torch.testing.assert_close(
        losses['aux_decoder_0.loss_ce'], first / 2, rtol=0.3, atol=0.1)


@pytest.mark.parametrize('other', [
    dict(pseudo_filter=dict(type='ConfidenceFilter'), aux_decoders=None),
    dict(pseudo_filter=dict(LOCALIZATION, type='ErrorCorrectionNetwork')),
    dict(aux_decoders=None),
])
def test_a_seed_gives_one_student_with_any_filter_and_decoders(other):

    def student(**options):
        torch.manual_seed(0)
        model = build_eln(**options)
        return model.segmentor.state_dict(), torch.rand(1)

    expected, next_number = student()
    found, found_number = student(**other)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=0)
    assert torch.equal(found_number, next_number)


def test_teacher_starts_as_the_student_and_then_goes_its_own_way():
    model = in_stage(build_eln(), 'localize')
    for param in model.segmentor.parameters():
        param.data.add_(1.)
    model.enter_stage('semi')
    model.set_stage('semi')
    for key, value in model.segmentor.state_dict().items():
        assert torch.equal(value, model.teacher.state_dict()[key]), key
    model.loss(*make_batch())
    key = 'backbone.layer1.0.bn1.running_mean'
    assert not torch.equal(model.segmentor.state_dict()[key],
                           model.teacher.state_dict()[key])
    assert not any(param.requires_grad for param in model.teacher.parameters())


def test_padding_is_never_a_pseudo_label():
    model = in_stage(
        build_eln(
            pseudo_filter=dict(type='ConfidenceFilter', threshold=0.),
            aux_decoders=None), 'semi')
    inputs, samples = make_batch()
    valid = torch.ones(1, 32, 40, dtype=torch.bool)
    valid[:, :, 24:] = False
    samples['unlabeled'] = [sample(32, 40, valid=valid) for _ in range(2)]
    model.capture_pseudo_labels = True
    losses = model.loss(inputs, samples)
    keep = model.captured_pseudo_labels['keep_mask']
    assert keep.shape[2] == 5 and keep[:, :, :3].all()
    assert not keep[:, :, 3:].any()
    assert losses['accept_ratio'] == 1


def test_no_valid_pixel_is_a_finite_zero():
    model = in_stage(build_eln(), 'semi')
    inputs, samples = make_batch(
        labels=torch.full((2, 1, 32, 40), 255, dtype=torch.long))
    empty = torch.zeros(1, 32, 40, dtype=torch.bool)
    for branch in samples:
        for item in samples[branch]:
            item.valid_mask.data = empty
    losses = model.loss(inputs, samples)
    total = loss_sum(losses)
    assert torch.isfinite(total) and total == 0
    total.backward()
    assert {name
            for name in NETWORKS if trained(getattr(model, name))
            } == {'segmentor', 'aux_decoders', 'pseudo_filter', 'projector'}


@pytest.mark.parametrize(
    'options', [
        dict(pseudo_at='image'),
        dict(pseudo_norm='valid'),
        dict(student_views=('unlabeled_strong', )),
        dict(filter_samples='random_one'),
        dict(filter_cut_mix=dict(prob=1.)),
        dict(filter_cut_mix=dict(), filter_samples='random_one'),
        dict(loss_contrast=None),
        dict(aux_decoders=None),
        dict(freeze_norm_affine=True),
        dict(teacher_norm='running'),
        dict(pseudo_filter=dict(LOCALIZATION, type='ErrorCorrectionNetwork')),
        dict(
            pseudo_filter=dict(type='ConfidenceFilter', threshold=0.5),
            aux_decoders=None),
    ],
    ids=str)
def test_options_train(options):
    model = in_stage(build_eln(**options), 'semi')
    losses = model.loss(*make_batch())
    loss_sum(losses).backward()
    assert torch.isfinite(loss_sum(losses))
    names = list(losses)
    assert ('unlabeled.loss_pseudo'
            in names) == ('unlabeled' in options.get('student_views',
                                                     ('unlabeled', )))


def test_filter_learns_from_mixed_images(monkeypatch):
    torch.manual_seed(0)
    model = in_stage(
        build_eln(filter_cut_mix=dict(prob=1., area=(0.3, 0.4))), 'localize')
    lessons = []
    learn = model.pseudo_filter.loss

    def record(images, logits, labels, valid, **kwargs):
        lessons.append((images, labels, valid))
        return learn(images, logits, labels, valid, **kwargs)

    monkeypatch.setattr(model.pseudo_filter, 'loss', record)
    # the content of each pixel tells the image that it comes from
    labels = torch.arange(2)[:, None, None, None].repeat(1, 1, 32, 40)
    inputs, samples = make_batch(labels=labels)
    inputs['labeled'] = labels.float().expand(-1, 3, -1, -1).clone()
    samples['labeled'][1].valid_mask.data = torch.zeros(
        1, 32, 40, dtype=torch.bool)
    losses = model.loss(inputs, samples)
    assert len(lessons) == 2 + len(model.aux_decoders)
    images, labels, valid = lessons[-1]
    assert torch.equal(images[:, 0], labels.float())
    assert torch.equal(valid, labels == 0)
    share = labels.float().mean((1, 2))
    assert 0.2 < share[0] < 0.5 and 0.5 < share[1] < 0.8
    last = f'filter_{len(lessons) - 1}'
    loss_sum(losses, last).backward()
    assert reached(model) == {'pseudo_filter'}


@pytest.mark.parametrize('drawn', [0, 3])
def test_student_runs_on_mixed_images_whatever_is_drawn(monkeypatch, drawn):
    """Ranks draw for themselves, and its layers may be synchronised."""
    model = in_stage(
        build_eln(filter_cut_mix=dict(), filter_samples='random_one'),
        'localize')
    batch, runs, decode = make_batch(), [], model.decode
    monkeypatch.setattr(model, 'decode', lambda *args:
                        (runs.append(1), decode(*args))[1])
    monkeypatch.setattr(torch, 'randint',
                        lambda high, size: torch.tensor(min(drawn, high - 1)))
    model.loss(*batch)
    assert len(runs) == 1


def test_mixed_images_leave_the_statistics_of_the_student_alone():
    inputs, samples = make_batch()
    tracked = []
    for mix in (None, dict(prob=1.)):
        torch.manual_seed(0)
        model = in_stage(build_eln(filter_cut_mix=mix), 'localize')
        model.loss(inputs, samples)
        tracked.append({
            key: value
            for key, value in model.segmentor.state_dict().items()
            if 'running' in key or 'tracked' in key
        })
    assert tracked[0]
    for key, value in tracked[0].items():
        assert torch.equal(value, tracked[1][key]), key


def test_a_filter_that_does_not_learn_needs_no_mixed_images():
    with pytest.raises(ValueError, match='model.filter_cut_mix is for a fil'):
        build_eln(
            pseudo_filter=dict(type='ConfidenceFilter'),
            aux_decoders=None,
            filter_cut_mix=dict())


def test_pseudo_loss_divides_by_what_the_option_says():
    logits = torch.randn(1, NUM_CLASSES, 2, 2)
    labels = torch.zeros(1, 2, 2, dtype=torch.long)
    keep = torch.tensor([[[True, False], [False, False]]])
    valid = torch.ones_like(keep)
    value = -logits.log_softmax(1)[0, 0, 0, 0]
    for norm, expected in (('accepted', value), ('valid', value / 4)):
        model = build_eln(pseudo_norm=norm)
        result = model.pseudo_loss(logits, labels, keep, valid)
        torch.testing.assert_close(result, expected)


def test_pseudo_loss_weights_classes_by_their_acceptance():
    logits = torch.randn(1, NUM_CLASSES, 2, 4)
    # of class 0 all four are kept, of class 1 one of three (a fourth is
    # padding), of no other class any
    labels = torch.tensor([[[0, 0, 0, 0], [1, 1, 1, 1]]])
    keep = torch.tensor([[[True] * 4, [True, False, False, False]]])
    valid = torch.tensor([[[True] * 4, [True, True, True, False]]])
    cost = -logits.log_softmax(1).gather(1, labels[:, None])[0, 0]
    for most, weight in ((10., 3.), (2., 2.), (1., 1.)):
        expected = cost[0].sum() + weight * cost[1, 0]
        for norm, count in (('accepted', 4 + weight), ('valid', 7)):
            model = build_eln(pseudo_norm=norm, pseudo_class_weight=most)
            result = model.pseudo_loss(logits, labels, keep, valid)
            torch.testing.assert_close(result, expected / count)
    nothing = torch.zeros_like(keep)
    logits.requires_grad_()
    result = model.pseudo_loss(logits, labels, nothing, valid)
    assert result == 0 and result.requires_grad


def test_pseudo_loss_weights_pixels_by_their_score():
    logits = torch.randn(1, NUM_CLASSES, 2, 4)
    labels = torch.tensor([[[0, 0, 0, 0], [1, 1, 1, 1]]])
    score = torch.tensor([[[1., .5, .5, 0.], [.5, .5, 0., 0.]]])
    valid = torch.ones_like(labels, dtype=torch.bool)
    cost = -logits.log_softmax(1).gather(1, labels[:, None])[0, 0]
    # of class 0 two of four pixels are kept, of class 1 one, cut in halves
    for most, weights in ((None, (1, 1)), (10., (2, 4)), (3., (2, 3))):
        total = [(score[0, i] * cost[i]).sum() * weights[i] for i in (0, 1)]
        count = 2 * weights[0] + weights[1]
        model = build_eln(pseudo_class_weight=most, pseudo_score_weight=True)
        result = model.pseudo_loss(logits, labels, score, valid)
        torch.testing.assert_close(result, sum(total) / count)


def test_score_weight_is_that_of_filter_and_teacher():
    inputs, samples = make_batch()
    seen = {}
    for option in (False, True):
        torch.manual_seed(0)
        model = in_stage(build_eln(pseudo_score_weight=option), 'semi')
        judged = model.select_pseudo_labels

        def select(images, logits):
            seen['pseudo'] = judged(images, logits)
            seen['confidence'] = logits.softmax(1).amax(1)
            return seen['pseudo']

        def pseudo_loss(logits, labels, weight, valid):
            seen[option] = weight
            return logits.sum() * 0

        model.select_pseudo_labels, model.pseudo_loss = select, pseudo_loss
        model.loss(inputs, samples)
        pseudo = seen['pseudo']
        assert pseudo.keep.any() and not (pseudo.score == 1).all()
        valid = resize_nearest(
            stack_valid_masks(samples['unlabeled']), pseudo.keep.shape[1:])
        wanted = valid & pseudo.keep
        if option:
            wanted = valid * pseudo.score * seen['confidence']
        torch.testing.assert_close(seen[option], wanted)


def test_loss_weights_scale_their_terms():
    inputs, samples = make_batch()
    values = {}
    for weight in (1., 3.):
        torch.manual_seed(0)
        model = in_stage(
            build_eln(loss_weights=dict(localization=weight)), 'localize')
        torch.manual_seed(1)
        values[weight] = model.loss(inputs, samples)
    for name in values[1.]:
        ratio = 3. if name.startswith('filter') and 'loss' in name else 1.
        torch.testing.assert_close(
            values[3.][name], values[1.][name] * ratio, msg=name)


BINARY = copy.deepcopy(SEGMENTOR)
BINARY.decode_head.update(
    num_classes=2,
    out_channels=1,
    threshold=0.3,
    loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))


def test_binary_head():
    model = in_stage(build_eln(BINARY), 'semi')
    inputs, samples = make_batch(labels=torch.randint(2, (2, 1, 32, 40)))
    loss_sum(model.loss(inputs, samples)).backward()


def test_threshold_of_a_binary_head_decides_and_shifts_nothing():
    """Of the probability itself the losses and the confidence are."""
    prob = torch.tensor([.02, .04, .1, .29, .31, .45, .9, .96, .98])
    logit = torch.logit(prob).view(1, 1, 1, -1)
    model = in_stage(
        build_eln(
            BINARY,
            pseudo_filter=dict(type='ConfidenceFilter', threshold=0.95),
            aux_decoders=None,
            loss_contrast=None), 'semi')
    # labels of either class in equal parts leave a probability of 0.5
    halves = torch.tensor([0, 1]).view(1, 1, 2)
    even = torch.zeros(1, 1, 1, 2, requires_grad=True)
    model.decode = lambda *args: (even, None)
    every = torch.ones_like(halves, dtype=torch.bool)
    terms, _ = model.student_losses(
        torch.zeros(1, 3, 1, 2), halves, every, every, every, None)
    terms['loss_pseudo'].backward()
    assert even.grad.sum() == 0 and even.grad.abs().sum() > 0
    model.decode = lambda *args: (logit, None)
    model.capture_pseudo_labels = True
    inputs, samples = make_batch(num=1, height=1, width=len(prob))
    losses = model.unlabeled_losses(inputs, samples)
    larger = torch.maximum(prob, 1 - prob)
    torch.testing.assert_close(losses['teacher_confidence'], larger.mean())
    shown = model.captured_pseudo_labels
    assert torch.equal(shown['keep_mask'].flatten(), larger > 0.95)
    for name in ('pseudo_label', 'student_prediction'):
        assert torch.equal(shown[name].flatten(), (prob > 0.3).long()), name


@pytest.mark.parametrize(
    'kind', ['ErrorLocalizationNetwork', 'ErrorCorrectionNetwork'])
def test_filter_judges_what_the_binary_head_decides(kind):
    model = in_stage(
        build_eln(
            BINARY,
            pseudo_filter=dict(LOCALIZATION, type=kind),
            aux_decoders=None), 'localize')
    prob = torch.tensor([0.1, 0.4, 0.4, 0.9]).repeat(8)
    labels = torch.tensor([0, 1, 1, 0]).repeat(8).expand(2, 1, 32, -1).clone()
    logit = torch.logit(prob).expand(2, 1, 32, -1)
    inputs, samples = make_batch(width=32, labels=labels)
    losses = model.error_losses(inputs['labeled'], samples['labeled'], None,
                                logit)
    assert losses['filter_0.input_accuracy'] == 0.75


class FilterOfAUser(BasePseudoFilter):
    """Spells out its arguments, and knows of no binary head."""

    def __init__(self,
                 num_classes,
                 image_channels=3,
                 align_corners=False,
                 init_cfg=None):
        super().__init__(num_classes, image_channels, align_corners, init_cfg)

    def forward(self, images, logits):
        return logits.softmax(1).amax(1, keepdim=True)

    def select(self, images, logits):
        score = self.forward(images, logits).squeeze(1)
        return PseudoLabels(self.decide(logits), score > 0.1, score)


def test_filter_of_a_user(monkeypatch):
    monkeypatch.setitem(MODELS.module_dict, 'FilterOfAUser', FilterOfAUser)
    model = build_eln(
        pseudo_filter=dict(type='FilterOfAUser'), aux_decoders=None)
    assert model.pseudo_filter.decision_threshold is None


def test_decode_head_with_auxiliary_heads():
    segmentor = copy.deepcopy(SEGMENTOR)
    segmentor.auxiliary_head = [
        dict(segmentor.decode_head, in_index=2, in_channels=32)
    ]
    model = in_stage(build_eln(segmentor), 'semi')
    losses = model.loss(*make_batch())
    assert 'labeled.aux_0.loss_ce' in losses
    loss_sum(losses).backward()


SEGFORMER = ConfigDict(
    type='EncoderDecoder',
    backbone=dict(
        type='MixVisionTransformer',
        embed_dims=8,
        num_layers=[1, 1, 1, 1],
        num_heads=[1, 1, 1, 1],
        drop_path_rate=0.1),
    decode_head=dict(
        type='SegformerHead',
        in_channels=[8, 8, 8, 8],
        in_index=[0, 1, 2, 3],
        channels=16,
        num_classes=NUM_CLASSES,
        norm_cfg=BN))

UPERNET_SWIN = ConfigDict(
    type='EncoderDecoder',
    backbone=dict(
        type='SwinTransformer',
        embed_dims=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 1, 1],
        window_size=2,
        drop_path_rate=0.1),
    decode_head=dict(
        type='UPerHead',
        in_channels=[8, 16, 32, 64],
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2),
        channels=16,
        num_classes=NUM_CLASSES,
        norm_cfg=BN))

CASCADE = ConfigDict(
    type='CascadeEncoderDecoder',
    num_stages=2,
    backbone=dict(SEGMENTOR.backbone),
    decode_head=[
        dict(SEGMENTOR.decode_head),
        dict(
            type='OCRHead',
            in_channels=64,
            channels=16,
            ocr_channels=8,
            num_classes=NUM_CLASSES,
            norm_cfg=BN)
    ])


@pytest.mark.parametrize(
    'segmentor,options',
    [(SEGFORMER, {}), (UPERNET_SWIN, {}),
     (CASCADE, dict(aux_decoders=dict(decode_head=SEGMENTOR.decode_head))),
     (CASCADE, dict(aux_decoders=None))],
    ids=['segformer', 'upernet swin', 'cascade', 'cascade alone'])
def test_any_segmentor_learns(segmentor, options):
    """Some iterations through all stages; the supervised loss falls."""
    torch.manual_seed(0)
    model = build_eln(segmentor, **options)
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=3e-3)
    inputs, samples = make_batch(height=64, width=64)
    curve = []
    for step in range(12):
        stage = ('pretrain', 'localize', 'semi')[step // 4]
        if step % 4 == 0:
            in_stage(model, stage)
        losses = model.loss(inputs, samples)
        optimizer.zero_grad()
        loss_sum(losses).backward()
        optimizer.step()
        curve.append(float(loss_sum(losses, 'labeled.decode')))
    assert curve[-1] < curve[0]


@pytest.mark.parametrize('options,message', [
    (dict(pseudo_norm='mean'), 'pseudo_norm'),
    (dict(pseudo_class_weight=0.5), 'pseudo_class_weight'),
    (dict(student_views=('strong', )), 'student_views'),
    (dict(loss_weights=dict(supervise=1.)), 'loss_weights'),
    (dict(teacher_norm='eval'), 'teacher_norm'),
    (dict(segmentor=None), 'model.segmentor'),
])
def test_wrong_options(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build_eln(**options)


def test_missing_hooks_and_branches_are_named():
    model = build_eln()
    inputs, samples = make_batch()
    with pytest.raises(RuntimeError, match='StageHook'):
        model.loss(inputs, samples)
    model.set_stage('localize')
    with pytest.raises(RuntimeError, match='ErrorSimulationHook'):
        model.loss(inputs, samples)
    in_stage(model, 'semi')
    inputs.pop('unlabeled')
    with pytest.raises(ValueError, match='unlabeled'):
        model.loss(inputs, samples)
    with pytest.raises(ValueError, match='stages'):
        model.set_stage('adapt')


def test_predict_adds_what_the_metric_reads():
    model = build_eln(localize_errors=True).eval()
    inputs, samples = make_batch()
    model.error_simulation = True
    with torch.no_grad():
        results = model.predict(inputs['unlabeled'], samples['unlabeled'])
    for result in results:
        assert result.pred_valid.data.dtype == torch.bool
        assert result.pred_valid.shape == result.pred_sem_seg.shape
        score = result.valid_score.data
        assert score.shape == (1, 32, 40) and 0 <= score.min() <= 1
        assert torch.equal(score > 0.5, result.pred_valid.data)
        confidence = result.pred_confidence.data
        torch.testing.assert_close(
            confidence,
            result.seg_logits.data.softmax(0).amax(0, keepdim=True))


def test_predict_beside_another_image_changes_only_the_judgement():
    model = build_eln(localize_errors=True).eval()
    inputs, samples = make_batch()

    def predicted(images):
        with torch.no_grad():
            results = model.predict(images, samples['unlabeled'][:len(images)])
        return [
            torch.stack([getattr(r, name).data for r in results])
            for name in ('pred_sem_seg', 'pred_confidence', 'valid_score')
        ]

    images = inputs['unlabeled']
    mask, confidence, score = predicted(images)
    model.localize_errors = 'other_image'
    other_mask, other_confidence, other_score = predicted(images)
    assert torch.equal(mask, other_mask)
    assert torch.equal(confidence, other_confidence)
    assert not torch.allclose(score, other_score)
    # in a batch that shows one image twice, the other image is the same
    twice = images[:1].expand(2, -1, -1, -1)
    same = predicted(twice)[2]
    model.localize_errors = True
    assert torch.equal(same, predicted(twice)[2])


def test_another_image_needs_a_batch():
    model = build_eln(localize_errors='other_image').eval()
    inputs, samples = make_batch()
    with pytest.raises(ValueError, match='batch_size of val_dataloader'):
        model.predict(inputs['unlabeled'][:1], samples['unlabeled'][:1])
    with pytest.raises(ValueError, match='localize_errors must be one of'):
        build_eln(localize_errors='shuffled')


def test_predict_judges_as_training_does():
    """Whatever ran along in the norm layers of the filter."""
    model = build_eln(localize_errors=True).eval()
    inputs, samples = make_batch()

    def judged():
        with torch.no_grad():
            results = model.predict(inputs['unlabeled'], samples['unlabeled'])
        return torch.stack([r.valid_score.data for r in results])

    expected = judged()
    for name, buffer in model.pseudo_filter.named_buffers():
        if name.endswith('running_var'):
            buffer.mul_(10)
    assert torch.equal(judged(), expected)


def test_predict_judges_one_image_by_a_head_that_pools_it():
    """Its norm layer behind the pooling sees one value a channel."""
    head = dict(
        type='DepthwiseSeparableASPPHead',
        in_channels=64,
        in_index=3,
        channels=8,
        dilations=(1, 2),
        c1_in_channels=8,
        c1_channels=4,
        norm_cfg=BN)
    model = build_eln(
        pseudo_filter=dict(LOCALIZATION, decode_head=head),
        localize_errors=True).eval()
    inputs, samples = make_batch()
    with torch.no_grad():
        result, = model.predict(inputs['unlabeled'][:1],
                                samples['unlabeled'][:1])
    assert torch.isfinite(result.valid_score.data).all()


def test_decoders_look_where_the_segmentor_does():
    """A head without ``cls_seg`` names a module once for both."""
    model = build_eln(feature_source='conv_seg:input')
    assert model.aux_decoders.source == 'conv_seg:input'
    model = build_eln(
        feature_source='conv_seg:input',
        aux_decoders=dict(alphas=(20., ), source='cls_seg'))
    assert model.aux_decoders.source == 'cls_seg'
