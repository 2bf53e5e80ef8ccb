from typing import Tuple

import numpy as np

from . import furniture, traffic
from .backdrop import paint_sky, paint_skyline
from .buildings import paint_houses
from .canvas import Camera, Canvas
from .classes import VOID
from .ground import Street, draw_street, paint_ground
from .light import Light
from .stream import Stream


def paint_scene(light: Light, stream: Stream, size: Tuple[int, int]) -> Canvas:
    """Compose and paint one street.

    Args:
        light (Light): Weather and light.
        stream (Stream): Source of everything else.
        size (tuple[int]): Rows and columns of the canvas.

    Returns:
        Canvas: The painted canvas.
    """
    height, width = size
    camera = Camera(
        focal=height * stream.uniform(1.25, 1.75),
        centre=width * stream.uniform(0.3, 0.7),
        horizon=height * stream.uniform(0.34, 0.52),
        height=stream.uniform(1.6, 2.8))
    canvas = Canvas(height, width, camera, stream.unit((64, 64)))
    street = draw_street(stream)
    paint_sky(canvas, light, stream)
    paint_skyline(canvas, light, stream)
    paint_ground(canvas, street, light, stream)
    paint_houses(canvas, street, light, stream)
    for _, paint, position in sorted(
            _draw_objects(street, stream), key=lambda item: -item[0]):
        paint(canvas, light, stream, *position)
    if stream.chance(0.2):
        _paint_bonnet(canvas, stream)
    return canvas


def _draw_objects(street: Street, stream: Stream) -> list:
    """Draw which objects stand where: (depth, painter, position)."""
    objects = []

    def add(paint, x, z, *more):
        objects.append((z, paint, (x, z) + more))

    kerbs = (street.middle - street.half_road,
             street.middle + street.half_road)
    for kerb, wall in zip(kerbs, (street.left, street.right)):
        outward = -1.0 if wall < 0 else 1.0
        inner = kerb if kerb * outward > 1.4 else 1.4 * outward
        room = abs(wall - inner)

        def spot(share):
            return inner + outward * room * share

        # Rows of trees, poles and signs along the kerb or the walls.
        if stream.chance(0.55):
            z, step = stream.uniform(5.0, 13.0), stream.uniform(5.0, 14.0)
            share = stream.uniform(0.25, 0.9)
            while z < 28.0:
                add(furniture.paint_tree, spot(share), z)
                z += step * stream.uniform(0.7, 1.5)
        if stream.chance(0.2):
            z = stream.uniform(5.0, 20.0)
            add(furniture.paint_hedge, spot(0.92), z,
                z + stream.uniform(5.0, 25.0))
        if stream.chance(0.75):
            z, step = stream.uniform(5.5, 12.0), stream.uniform(6.0, 14.0)
            share = stream.uniform(0.08, 0.4)
            while z < 17.0:
                add(furniture.paint_lamp_post, spot(share), z)
                z += step
        for _ in range(stream.integer(0, 5)):
            add(furniture.paint_sign, spot(stream.uniform(0.05, 0.5)),
                stream.uniform(5.5, 12.0))
        # Parked cars.
        if stream.chance(0.5):
            z, facing = stream.uniform(4.0, 14.0), stream.chance(0.4)
            while z < 20.0:
                if stream.chance(0.7):
                    add(traffic.paint_car, kerb - outward * 1.1, z, facing)
                z += stream.uniform(5.4, 7.5)
        for _ in range(stream.integer(1, 6)):
            z = stream.uniform(5.0, 11.0)
            for _ in range(1 + stream.integer(0, 2)):
                add(traffic.paint_pedestrian, spot(stream.uniform(0.05, 0.95)),
                    z + stream.uniform(0.0, 0.8))
    # Traffic in both lanes; the camera's own lane is kept free nearby.
    for side, towards in ((-0.45, True), (0.45, False)):
        lane = street.middle + side * street.half_road
        for _ in range(stream.integer(0, 3)):
            z = stream.uniform(7.0 if abs(lane) > 1.5 else 9.0, 19.0)
            add(traffic.paint_car, lane, z, towards)
    for start, _ in street.crossings:
        if stream.chance(0.5):
            add(traffic.paint_crossing_car, stream.uniform(-9.0, 6.0),
                start + 1.5)
    if stream.chance(0.4):
        z = street.zebra + 1.0 if street.zebra else stream.uniform(6.0, 13.0)
        for _ in range(1 + stream.integer(0, 3)):
            add(traffic.paint_pedestrian,
                street.middle + street.half_road * stream.uniform(-0.8, 0.8),
                z + stream.uniform(0.0, 1.2))
    return objects


def _paint_bonnet(canvas: Canvas, stream: Stream) -> None:
    """Paint the bonnet of the camera's own car, which has no class."""
    height, width = canvas.height, canvas.width
    rows = (np.arange(height, dtype=np.float64) + 0.5)[:, None] / height
    columns = (np.arange(width, dtype=np.float64) + 0.5)[None] / width
    offset = columns - stream.uniform(0.42, 0.58)
    edge = 1.0 - stream.uniform(0.05, 0.1) + 0.3 * offset * offset
    shade = 0.6 + 2.5 * (rows - edge)
    colour = shade[..., None] * stream.colour(traffic.CAR_PAINTS, 16)
    canvas.paint((slice(0, height), slice(0, width)), rows > edge,
                 colour * 0.8, VOID, 1.0)
