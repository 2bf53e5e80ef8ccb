import torch

from mmseg_ext.visualization import draw_denoising


def test_panels():
    """Clean, noisy and denoised show grey levels, noise 3 deviations."""
    shape = (2, 3, 20, 40)
    captured = dict(
        clean=torch.full(shape, -1.),
        noisy=torch.full(shape, 1.),
        pred=torch.zeros(shape),
        noise=torch.full(shape, 3.),
        pred_noise=torch.full(shape, -3.))
    captured['clean'][:, 0] = 1.
    sheet = draw_denoising(captured)
    assert sheet.shape[2] == 3
    height = sheet.shape[0] // 2
    colors = [
        tuple(sheet[height // 2, 260 * i + 100].tolist()) for i in range(5)
    ]
    assert colors == [(255, 0, 0), (255, ) * 3, (128, ) * 3, (255, ) * 3,
                      (0, ) * 3]
    assert tuple(
        draw_denoising(captured, rgb=False)[height // 2,
                                            100].tolist()) == (0, 0, 255)
    assert len(draw_denoising(captured, num_images=1)) == height
