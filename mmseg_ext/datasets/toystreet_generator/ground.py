from dataclasses import dataclass
from typing import List, Tuple

import numpy as np

from .canvas import Canvas
from .classes import PAVEMENT, ROAD
from .light import Light
from .stream import Stream

ROADS = ((92, 92, 94), (66, 66, 70), (112, 108, 104), (104, 106, 112),
         (84, 78, 72), (80, 88, 98), (124, 118, 112))
PAVEMENTS = ((160, 154, 146), (184, 176, 164), (142, 134, 124),
             (168, 132, 114), (132, 118, 108), (194, 184, 160),
             (168, 172, 178), (150, 112, 94), (144, 144, 112))
PAINTS = ((226, 226, 222), (226, 226, 222), (222, 186, 70))


@dataclass
class Street:
    """Ground plan of a street along the Z axis, in metres.

    Args:
        middle (float): X of the middle of the road.
        half_road (float): Half of the road's width.
        left (float): X of the facades on the left, negative.
        right (float): X of the facades on the right.
        crossings (list[tuple[float]]): Depths between which a side street
            crosses.
        zebra (float): Depth of a pedestrian crossing, 0 for none.
    """
    middle: float
    half_road: float
    left: float
    right: float
    crossings: List[Tuple[float, float]]
    zebra: float


def draw_street(stream: Stream) -> Street:
    """Draw the ground plan."""
    half_road = stream.uniform(2.4, 5.5)
    # The camera rides in a lane of the road, or on either side of it.
    middle = stream.uniform(-0.85, 0.85) * half_road
    crossings = []
    if stream.chance(0.5):
        start = stream.uniform(8.0, 30.0)
        crossings.append((start, start + stream.uniform(5.0, 10.0)))
    return Street(
        middle=middle,
        half_road=half_road,
        left=min(-1.8, middle - half_road) - stream.uniform(1.5, 7.0),
        right=max(1.8, middle + half_road) + stream.uniform(1.5, 7.0),
        crossings=crossings,
        zebra=stream.uniform(5.0, 22.0) if stream.chance(0.35) else 0.0)


def paint_ground(canvas: Canvas, street: Street, light: Light,
                 stream: Stream) -> None:
    """Paint road and pavement with markings, tiles, stains and shadows."""
    cam = canvas.camera
    first = int(cam.horizon) + 1
    roi = (slice(first, canvas.height), slice(0, canvas.width))
    rows = np.arange(first, canvas.height, dtype=np.float64) + 0.5
    columns = np.arange(canvas.width, dtype=np.float64) + 0.5
    z = (cam.focal * cam.height / (rows - cam.horizon))[:, None]
    x = (columns - cam.centre)[None] * (z / cam.focal)
    across = np.abs(x - street.middle)
    road = across < street.half_road
    for start, end in street.crossings:
        road = road | ((z > start) & (z < end))
    # Details thinner than a pixel fade out instead of flickering.
    near = np.minimum(1.0, 9.0 / z)
    albedo = np.where(road[..., None],
                      _road(canvas, street, x, z, across, near, stream),
                      _pavement(canvas, street, x, z, across, near, stream))
    albedo = albedo * _shadow(canvas, street, light, x, z, stream)[..., None]
    if light.wetness:
        mirror = light.wetness * canvas.noise(x / 2, z / 6,
                                              stream.integer(0, 64))
        albedo = albedo * (1 - 0.4 * light.wetness)
        albedo = albedo + mirror[..., None] * (light.sky_low - albedo)
    label = np.where(road, ROAD, PAVEMENT)
    brightness = 0.5 * (light.left + light.right)
    depth = np.minimum(np.broadcast_to(z, road.shape), 300.0)
    for value in (ROAD, PAVEMENT):
        canvas.paint(roi, label == value, albedo * brightness, value, depth)


def _road(canvas, street, x, z, across, near, stream):
    salt = stream.integer(0, 64)
    base = stream.colour(ROADS, 22)
    grain = canvas.noise(x / 0.15, z / 0.15, salt) * near
    stains = canvas.noise(x / 1.5, z / 4.0, salt + 1)
    shade = 0.86 + 0.14 * stains + stream.uniform(0.05, 0.3) * (grain - 0.4)
    if stream.chance(0.5):  # Patches of another asphalt.
        patch = canvas.cells(x / 2.3, z / 5.0, salt + 2) < 0.25
        shade = shade * np.where(patch, stream.uniform(0.7, 1.2), 1.0)
    if stream.chance(0.4):  # Cracks.
        crack = np.abs(canvas.noise(x / 1.1, z / 1.1, salt + 3) - 0.5) < 0.02
        shade = shade * np.where(crack, 1.0 - 0.4 * near, 1.0)
    colour = shade[..., None] * base
    if stream.chance(0.1):  # Cobbles.
        joint = np.minimum(_joint(x, 0.3), _joint(z, 0.3)) < 0.06
        colour = colour * np.where(joint, 1.0 - 0.35 * near, 1.0)[..., None]
    worn = 0.55 + 0.45 * canvas.noise(x / 0.4, z / 0.4, salt + 4)
    marks = np.zeros(across.shape, dtype=bool)
    if stream.chance(0.75):  # Middle line, dashed or not.
        dash = stream.uniform(0.4, 1.0) * 6.0
        offset = stream.uniform(0.0, 6.0)
        along = (z + offset) - 6.0 * np.floor((z + offset) / 6.0)
        marks = (across < 0.09) & (along < dash)
    if stream.chance(0.5):  # Lines at the edges.
        marks = marks | (np.abs(across - (street.half_road - 0.4)) < 0.08)
    if street.zebra:
        bars = (x - np.floor(x / 1.1) * 1.1) < 0.55
        marks = marks | (
            bars & (z > street.zebra) & (z < street.zebra + 3) &
            (across < street.half_road - 0.3))
    strength = np.where(marks, worn, 0.0)[..., None]
    return colour + strength * (stream.colour(PAINTS, 10) - colour)


def _pavement(canvas, street, x, z, across, near, stream):
    salt = stream.integer(0, 64)
    size = stream.choice((0.3, 0.5, 0.8, 1.2))
    stains = canvas.noise(x / 0.8, z / 1.6, salt)
    grain = canvas.noise(x / 0.12, z / 0.12, salt + 1) * near
    shade = 0.85 + 0.2 * stains + 0.15 * (grain - 0.4)
    if stream.chance(0.85):
        tiles = canvas.cells(x / size, z / size, salt + 2)
        shade = shade + stream.uniform(0.0, 0.3) * (tiles - 0.5) * near
        joint = np.minimum(_joint(x, size), _joint(z, size)) < 0.07
        shade = shade * np.where(joint, 1.0 - 0.3 * near, 1.0)
    colour = shade[..., None] * stream.colour(PAVEMENTS, 22)
    kerb = across < street.half_road + 0.25
    stone = stream.colour(((170, 168, 164), (200, 198, 192), (120, 118, 116)),
                          12)
    return np.where(kerb[..., None], shade[..., None] * stone, colour)


def _joint(value, size):
    """Distance to the nearest multiple of size, as a share of size."""
    scaled = value / size
    return np.abs(scaled - np.floor(scaled + 0.5))


def _shadow(canvas, street, light, x, z, stream):
    """Light that is left by the shadows of the houses and tree crowns."""
    salt = stream.integer(0, 64)
    reach = stream.uniform(0.0, 7.0)
    roofs = 0.5 + canvas.cells(z / 9.0, np.zeros_like(z), salt)
    if light.left < light.right:  # The sun stands on the left.
        dark = x < street.left + reach * roofs
    else:
        dark = x > street.right - reach * roofs
    if stream.chance(0.4):
        blots = canvas.noise(x / 1.8, z / 3.0, salt + 1)
        fine = canvas.noise(x / 0.5, z / 0.8, salt + 2)
        dark = dark | (blots * 0.7 + fine * 0.3 > 0.66)
    return np.where(dark, light.shadow, 1.0)
