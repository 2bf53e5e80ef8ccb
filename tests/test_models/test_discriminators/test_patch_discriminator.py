import pytest
import torch

from mmseg_ext.models.discriminators import PatchDiscriminator


def test_size_of_the_published_network():
    with torch.device('meta'):
        discriminator = PatchDiscriminator()
        for size, scores in ((452, 54), (256, 30)):
            found = discriminator(torch.empty(1, 3, size, size)).shape
            assert found == (1, 1, scores, scores)
    assert sum(p.numel() for p in discriminator.parameters()) == 2764737


def test_a_score_sees_70_pixels():
    discriminator = PatchDiscriminator(ndf=2, norm_cfg=dict(type='BN')).eval()
    image = torch.randn(1, 3, 128, 128, requires_grad=True)
    scores = discriminator(image)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    rows = image.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert rows[-1] - rows[0] + 1 == 70


@pytest.mark.parametrize('num_downsamples', [1, 2, 3])
def test_smallest_image(num_downsamples):
    discriminator = PatchDiscriminator(ndf=2, num_downsamples=num_downsamples)
    least = 3 * 2**num_downsamples
    assert discriminator(torch.randn(1, 3, least, least)).shape[2:] == (1, 1)
    with pytest.raises(ValueError, match=f'at least {least}x{least}'):
        discriminator(torch.randn(1, 3, least - 1, least))
