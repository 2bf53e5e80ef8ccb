"""What a sheet of both domains takes from a training, and leaves alone."""
import torch

from .toy_domains import build_adaptation, make_domains, pixel_adversary

PLAYERS = [
    pixel_adversary(
        discriminator=dict(
            type='PixelDiscriminator', channels=(8, 8), init_cfg=None)),
    pixel_adversary(
        'decode_head',
        align='probability',
        discriminator=dict(
            type='PatchDiscriminator',
            num_downsamples=1,
            ndf=4,
            norm_cfg=dict(type='BN')))
]


def trained_state(capture):
    torch.manual_seed(0)
    model = build_adaptation(adversaries=PLAYERS)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    torch.manual_seed(1)
    for iteration in range(2):
        model.capture_domains = capture and iteration == 0
        loss, _ = model.parse_losses(model.loss(*make_domains()))
        if model.capture_domains:
            scores = model.captured_domains['target']['scores']
            assert list(scores) == ['decode_head.feature', 'decode_head']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert all(module.training for module in model.modules())
    return model.state_dict()


def test_training_is_the_same_with_and_without_a_sheet():
    """With dropout and batch normalisation in the discriminators."""
    alone, drawn = trained_state(False), trained_state(True)
    assert any('running_mean' in key for key in alone if 'adversaries' in key)
    for key, value in alone.items():
        assert torch.equal(value, drawn[key]), key
