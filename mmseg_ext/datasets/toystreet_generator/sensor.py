import numpy as np

from .canvas import SKY_DEPTH, Canvas
from .light import Light
from .stream import Stream


def expose(canvas: Canvas, light: Light, stream: Stream) -> np.ndarray:
    """Turn a painted canvas into what a camera would record.

    The canvas is halved (two by two pixels become one), then fog, glow,
    exposure, tone curve, vignette, blur and noise follow.

    Args:
        canvas (Canvas): Painted canvas with even sides.
        light (Light): Weather, light and sensor.
        stream (Stream): Source of the noise.

    Returns:
        np.ndarray: uint8 RGB image of half the canvas's size.
    """
    image, glow = _halve(canvas.colour), _halve(canvas.glow)
    depth = _halve(canvas.depth)
    image = image * light.tint
    # Half of the light is the fog's at depth ``light.fog``; the sky, which is
    # its own fog, is spared most of it.
    depth = np.where(depth >= SKY_DEPTH, 0.3 * depth, depth)
    share = (depth / (depth + light.fog))[..., None]
    image = image + share * (light.fog_colour - image)
    image = image + 0.75 * glow + 0.5 * _spread(glow)
    image = image * light.exposure * _vignette(image.shape, light.vignette)
    for _ in range(light.blur):
        image = (image + _shift(image, 1, 1)) * 0.5
    # A curve that lifts the mid-tones, made of exactly rounded operations.
    image = image * (1.0 + light.contrast) / (1.0 + light.contrast * image)
    height, width = image.shape[:2]
    fine = stream.noise_sum(
        (height, width, 3)) * (0.6 + 0.6 * image) * light.noise
    image = image + fine
    if light.coarse_noise:
        coarse = stream.noise_sum(((height + 1) // 2, (width + 1) // 2, 3))
        coarse = np.repeat(np.repeat(coarse, 2, 0), 2, 1)[:height, :width]
        image = image + coarse * light.coarse_noise
    return np.clip(np.floor(image * 255.0 + 0.5), 0, 255).astype(np.uint8)


def _halve(array: np.ndarray) -> np.ndarray:
    total = array[0::2, 0::2] + array[0::2, 1::2]
    total = total + array[1::2, 0::2] + array[1::2, 1::2]
    return total * 0.25


def _spread(glow: np.ndarray) -> np.ndarray:
    """Light scattered around what glows."""
    if not glow.any():
        return glow
    for step in (1, 2, 3):
        for axis in (0, 1):
            glow = (glow + _shift(glow, step, axis) +
                    _shift(glow, -step, axis)) / 3.0
    return glow


def _shift(array: np.ndarray, step: int, axis: int) -> np.ndarray:
    """Shift by some pixels; the border is repeated."""
    index = np.arange(array.shape[axis]) - step
    return array.take(np.clip(index, 0, array.shape[axis] - 1), axis)


def _vignette(shape, strength: float) -> np.ndarray:
    y = (np.arange(shape[0]) + 0.5) / shape[0] * 2.0 - 1.0
    x = (np.arange(shape[1]) + 0.5) / shape[1] * 2.0 - 1.0
    distance = 0.5 * (y * y)[:, None] + 0.5 * (x * x)[None]
    return (1.0 - strength * distance)[..., None]
