"""Several strong views, and strong views that are mixed."""
import pytest
import torch

from mmseg_ext.models.utils.cut_mix import BoxMix
from .toy import build_eln, in_stage, loss_sum, make_batch, sample

VIEWS = ('unlabeled_strong', 'unlabeled_strong_2')
KEEP_ALL = dict(
    pseudo_filter=dict(type='ConfidenceFilter', threshold=0.),
    aux_decoders=None)


def two_strong_views(**options):
    """A batch of three unlabelled images in a weak and two strong views."""
    inputs, samples = make_batch(num=3, **options)
    inputs['unlabeled_strong_2'] = inputs['unlabeled'] - 0.1
    samples['unlabeled_strong_2'] = samples['unlabeled_strong']
    return inputs, samples


def build(views=VIEWS, **options):
    torch.manual_seed(0)
    return in_stage(
        build_eln(student_views=views, **(KEEP_ALL | options)), 'semi')


class FixedMix:
    """Stands for the drawn boxes: gives the listed ones in turn."""

    def __init__(self, *boxes):
        self.boxes = list(boxes)

    def __call__(self, images):
        inside = torch.zeros(len(images), *images.shape[2:], dtype=torch.bool)
        for image, (top, left, bottom, right) in self.boxes.pop(0).items():
            inside[image, top:bottom, left:right] = True
        return BoxMix(inside)


def with_boxes(model, *boxes):
    del model.cut_mix
    model.cut_mix = FixedMix(*boxes)
    return model


def recorded(model, inputs, samples):
    """What the student is taught, view by view."""
    seen, original = [], model.student_losses

    def record(*args):
        seen.append(args)
        return original(*args)

    model.student_losses = record
    losses = model.loss(inputs, samples)
    del model.student_losses
    return seen, losses


@pytest.mark.parametrize('options', [
    dict(),
    dict(pseudo_at='image', pseudo_norm='valid', teacher_norm='running'),
    dict(loss_contrast=None)
])
def test_two_mixed_views_train(options):
    model = build(cut_mix=dict(prob=1.), **options)
    losses = model.loss(*two_strong_views())
    names = {name for name in losses if 'loss_pseudo' in name}
    assert names == {f'{view}.loss_pseudo' for view in VIEWS}
    loss_sum(losses).backward()
    assert torch.isfinite(loss_sum(losses))


def test_one_box_mixes_all_of_a_view():
    model = with_boxes(
        build(cut_mix=dict(), pseudo_at='image'), {0: (8, 16, 24, 40)},
        {2: (0, 0, 16, 8)})
    inputs, samples = two_strong_views()
    valid = torch.ones(1, 32, 40, dtype=torch.bool)
    valid[:, :, 24:] = False
    samples['unlabeled'][2] = sample(32, 40, valid=valid)
    plain, _ = recorded(build(pseudo_at='image'), inputs, samples)
    mixed, _ = recorded(model, inputs, samples)
    # image, labels, keep, weight, valid; the embedding is on a coarser grid
    for before, after in zip(plain[0][:5], mixed[0][:5]):
        expected = before.clone()
        expected[0, ..., 8:24, 16:40] = before[2, ..., 8:24, 16:40]
        assert torch.equal(after, expected)
    for before, after in zip(plain[1][:5], mixed[1][:5]):
        expected = before.clone()
        expected[2, ..., 0:16, 0:8] = before[1, ..., 0:16, 0:8]
        assert torch.equal(after, expected)
    before, after = plain[0][5], mixed[0][5]
    height, width = before.shape[2:]
    scale = 32 // height
    assert scale * width == 40
    expected = before.clone()
    box = (..., slice(8 // scale, 24 // scale), slice(16 // scale, None))
    expected[(0, *box)] = before[(2, *box)]
    assert torch.equal(after, expected)
    # padding of the pasted image comes along
    assert not mixed[0][3][0, 8:24, 24:].any()
    assert mixed[0][3][0, :8].all()


def test_teacher_and_filter_see_the_unmixed_weak_view():
    model = with_boxes(build(cut_mix=dict()), {0: (0, 0, 32, 40)}, {})
    inputs, samples = two_strong_views()
    seen = []
    select = model.select_pseudo_labels

    def record(images, logits):
        seen.append(images)
        return select(images, logits)

    model.select_pseudo_labels = record
    model.loss(inputs, samples)
    assert len(seen) == 1 and torch.equal(seen[0], inputs['unlabeled'])


def test_the_weak_view_is_never_mixed():
    model = with_boxes(
        build(views=('unlabeled', 'unlabeled_strong'), cut_mix=dict()),
        {0: (0, 0, 32, 40)})
    inputs, samples = two_strong_views()
    seen, _ = recorded(model, inputs, samples)
    assert torch.equal(seen[0][0], inputs['unlabeled'])
    assert torch.equal(seen[1][0][0], inputs['unlabeled_strong'][2])


def test_pseudo_loss_of_a_mixed_view():
    """Value, and the divisor, against the formula on mixed maps."""
    model = with_boxes(
        build(
            views=VIEWS[:1],
            cut_mix=dict(),
            pseudo_at='image',
            pseudo_norm='valid',
            loss_contrast=None), {1: (0, 0, 16, 40)})
    inputs, samples = two_strong_views()
    valid = torch.ones(1, 32, 40, dtype=torch.bool)
    valid[:, :8] = False
    samples['unlabeled'][0] = sample(32, 40, valid=valid)
    seen, losses = recorded(model, inputs, samples)
    _, labels, keep, _, counted, _ = seen[0]
    # 8 rows of image 0, pasted into image 1, and its own
    assert counted.sum() == 3 * 32 * 40 - 2 * 8 * 40
    assert torch.equal(keep, counted)
    captured = {}
    pseudo_loss = model.pseudo_loss

    def keep_logits(logits, *args):
        captured['logits'] = logits
        return pseudo_loss(logits, *args)

    model.pseudo_loss = keep_logits
    with_boxes(model, {1: (0, 0, 16, 40)})
    loss = model.loss(inputs, samples)['unlabeled_strong.loss_pseudo']
    log_prob = captured['logits'].log_softmax(1)
    chosen = log_prob.gather(1, labels[:, None])[:, 0]
    torch.testing.assert_close(loss, -chosen[counted].mean())


def test_sheet_shows_a_mixed_view_as_it_was_taught():
    model = with_boxes(
        build(views=('unlabeled', *VIEWS), cut_mix=dict(), pseudo_at='image'),
        {0: (0, 0, 32, 40)}, {})
    model.capture_pseudo_labels = True
    inputs, samples = two_strong_views()
    seen, _ = recorded(model, inputs, samples)
    captured = model.captured_pseudo_labels
    assert torch.equal(captured['image'][0], inputs['unlabeled'][2])
    assert torch.equal(captured['strong_image'], seen[1][0])
    assert torch.equal(captured['pseudo_label'], seen[1][1])
    for name in ('keep_mask', 'confidence', 'error_score', 'valid_mask',
                 'student_prediction'):
        assert captured[name].shape == (3, 32, 40), name


def test_views_are_drawn_from_the_state_of_the_generator():
    """What a resumed iteration, whose seed is the same, learns from."""
    model = build(cut_mix=dict(prob=1.))
    inputs, samples = two_strong_views()
    seen = []
    for _ in range(2):
        torch.manual_seed(7)
        seen.append(recorded(model, inputs, samples)[0])
    for first, second in zip(*seen):
        assert torch.equal(first[0], second[0])
    assert not torch.equal(seen[0][0][0] - 0.2, seen[0][1][0])


@pytest.mark.parametrize('options,message', [
    (dict(views=('unlabeled', 'strong')), r"student_views.*'strong'"),
    (dict(views=('unlabeled_strong', ) * 2), 'student_views.*each once'),
    (dict(views=('unlabeled', ), cut_mix=dict()), 'cut_mix.*student_views'),
    (dict(cut_mix=dict(prob=2.)), 'CutMix.prob'),
])
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_missing_view_is_named():
    inputs, samples = make_batch()
    with pytest.raises(ValueError, match='unlabeled_strong_2'):
        build().loss(inputs, samples)
