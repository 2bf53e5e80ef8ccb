import numpy as np

from .canvas import SKY_DEPTH, Canvas
from .classes import BUILDING, SKY, TREE
from .light import Light
from .stream import Stream

FAR_LEAVES = ((62, 84, 52), (84, 96, 58), (58, 78, 72), (112, 98, 62))
FAR_WALLS = ((128, 122, 116), (150, 146, 142), (116, 104, 98), (140, 128, 112),
             (104, 110, 120))


def paint_sky(canvas: Canvas, light: Light, stream: Stream) -> None:
    """Fill the canvas with a gradient and clouds."""
    height, width = canvas.height, canvas.width
    rows = (np.arange(height, dtype=np.float64) + 0.5)[:, None]
    t = np.clip(rows / canvas.camera.horizon, 0.0, 1.0)
    t = t * (0.5 + 0.5 * t)
    sky = light.sky_top + t[..., None] * (light.sky_low - light.sky_top)
    x = (np.arange(width, dtype=np.float64) + 0.5)[None] / width
    # Clouds lie flatter and closer together towards the horizon.
    y = rows / height * (1.5 + 2.5 * t)
    scale, salt = stream.uniform(2.5, 6.0), stream.integer(0, 64)
    density = (
        canvas.noise(x * scale, y * scale, salt) * 0.6 +
        canvas.noise(x * scale * 3, y * scale * 4, salt + 1) * 0.3 +
        canvas.noise(x * scale * 8, y * scale * 9, salt + 2) * 0.1)
    cover = np.clip((density - (0.85 - 0.7 * light.cloudiness)) * 4, 0.0, 1.0)
    sky = sky + (cover * (0.9 - 0.5 * t))[..., None] * (light.cloud - sky)
    # The light's tint and the sensor come later and for everything.
    everything = (slice(0, height), slice(0, width))
    canvas.paint(everything, np.ones((height, width), dtype=bool),
                 np.broadcast_to(sky, (height, width, 3)), SKY, SKY_DEPTH)


def paint_skyline(canvas: Canvas, light: Light, stream: Stream) -> None:
    """Paint what closes the view: far houses and rows of trees."""
    horizon = canvas.camera.horizon
    x = (np.arange(canvas.width, dtype=np.float64) + 0.5) / canvas.width
    zero = np.zeros(1)
    bottom = min(canvas.height, int(horizon) + 3)
    rows = (np.arange(bottom, dtype=np.float64) + 0.5)[:, None]
    roi = (slice(0, bottom), slice(0, canvas.width))
    for label in (BUILDING, TREE) if stream.chance(0.5) else (TREE, BUILDING):
        salt = stream.integer(0, 64)
        share = stream.uniform(0.2, 0.7)
        top = stream.uniform(0.04, 0.2) * horizon
        if label == BUILDING:
            blocks = x * stream.uniform(6, 14)
            present = canvas.cells(blocks, zero, salt) < share
            reach = top * (0.4 + canvas.cells(blocks, zero, salt + 1))
            shade = 0.7 + 0.5 * canvas.cells(blocks, zero, salt + 2)
            colour = shade[None, :, None] * stream.colour(FAR_WALLS, 14)
            colour = np.broadcast_to(colour, (bottom, canvas.width, 3))
        else:
            present = canvas.noise(x * 4, zero, salt) < share
            reach = top * (0.25 + 0.6 * canvas.noise(x * 9, zero, salt + 1) +
                           0.3 * canvas.noise(x * 40, zero, salt + 2))
            grain = canvas.noise(x[None] * 60, rows / 3, salt + 3)
            colour = (0.7 + 0.5 * grain)[..., None] * stream.colour(
                FAR_LEAVES, 12)
        mask = (rows > horizon - reach[None]) & present[None]
        canvas.paint(roi, mask, colour * light.front, label, 150.0)
