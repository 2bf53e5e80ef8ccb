import torch

from mmseg_ext.visualization import heat_map, legend, picture, resize_labels


def test_picture_is_the_image_ahead_of_the_preprocessor():
    mean, std = (
        torch.tensor(values).view(3, 1, 1)
        for values in ([10., 20., 30.], [2., 4., 5.]))
    blue_first = torch.tensor([50., 100., 150.]).view(3, 1, 1).expand(3, 2, 4)
    shown = picture((blue_first - mean) / std, mean, std, rgb=False)
    assert shown.shape == (2, 4, 3) and shown.dtype.name == 'uint8'
    assert shown[0, 0].tolist() == [150, 100, 50]
    # values outside of an image are cut off, one channel is grey
    grey = picture(torch.tensor([[[-5., 300.]]]))
    assert grey.tolist() == [[[0] * 3, [255] * 3]]


def test_labels_are_not_mixed():
    labels = torch.tensor([[0, 255], [7, 3]])
    resized = resize_labels(labels, (4, 4))
    assert resized[0].tolist() == [0, 0, 255, 255]
    assert resized[3].tolist() == [7, 7, 3, 3]


def test_heat_goes_from_blue_to_red():
    values = torch.tensor([[0., 1., float('nan'), 2.]])
    low, high, nothing, more = heat_map(values, (1, 4))[0].tolist()
    assert low[2] > low[0] and high[0] > high[2]
    assert nothing == low and more == high


def test_legend_has_a_line_for_each_class():
    lines = legend(['a', 'b'], [[255, 0, 0], [0, 255, 0]], width=100)
    assert lines.shape == (36, 100, 3)
    assert lines[9, 10].tolist() == [255, 0, 0]
    assert lines[27, 10].tolist() == [0, 255, 0]
