import pytest
import torch
from mmseg.registry import MODELS

import mmseg_ext  # noqa: F401


@pytest.mark.parametrize('width, counted', [(33, 1), (48, 1), (49, 2)])
@pytest.mark.parametrize('gan_loss', ['vanilla', 'confusion'])
def test_scores_whose_centre_is_padding_do_not_count(width, counted, gan_loss):
    torch.manual_seed(0)
    player = MODELS.build(
        dict(
            type='DomainAdversary',
            align='probability',
            level='decode_head',
            gan_loss=gan_loss,
            loss_weight=1.,
            discriminator=dict(type='FCDiscriminator', in_channels=3, ndf=2)))
    for param in player.discriminator.parameters():
        param.data *= 5  # so that the scores differ
    maps = 9 * torch.randn(1, 3, 32, 64)
    valid = torch.ones(1, 32, 64, dtype=torch.bool)
    valid[..., width:] = False
    found = player(maps, maps, valid, valid)
    with torch.no_grad():
        # of 32x64 pixels there are two scores, side by side
        score = player.discriminator(player.represent(maps, valid))
        score = score[..., :counted]
        ones = torch.ones_like(score[:, 0]).bool()
        expected = dict(
            loss_adversarial=player.gan_loss.segmentor_loss(
                score, score, ones, ones),
            loss_discriminator=player.gan_loss.discriminator_loss(
                score, score, ones, ones))
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
    shown = player.represent(maps[..., ::8, ::8], valid)
    blank = ~shown.any(1)[0].any(0)
    assert blank.tolist() == [8 * i + 4 >= width for i in range(8)]
