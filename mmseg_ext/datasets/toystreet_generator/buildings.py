from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, Plane
from .classes import BUILDING
from .ground import Street
from .light import Light
from .stream import Stream

WALLS = ((148, 82, 64), (176, 112, 84), (206, 184, 148), (222, 210, 188),
         (150, 148, 146), (108, 108, 112), (196, 196, 194), (206, 176, 104),
         (150, 168, 184), (176, 142, 132), (112, 84, 70), (138, 152, 128),
         (84, 92, 104), (216, 166, 140))
ROOFS = ((120, 66, 52), (84, 80, 80), (70, 74, 84), (140, 96, 74))
SHOPS = ((120, 62, 58), (66, 80, 104), (64, 92, 76), (60, 56, 52),
         (150, 136, 84), (196, 190, 180))
GLASS = ((52, 62, 74), (86, 104, 122), (38, 40, 44), (120, 136, 146))
LAMP_LIGHT = ((255, 206, 120), (255, 226, 168), (240, 240, 220))


@dataclass
class Facade:
    """What a house looks like; lengths in metres."""
    height: float
    wall: np.ndarray
    trim: np.ndarray
    glass: np.ndarray
    roof: np.ndarray
    lamp: np.ndarray
    shop: np.ndarray
    storey: float
    bay: float
    window: tuple
    gable: float
    brick: float
    stain: float
    ribbon: bool
    has_shop: bool
    lit: float
    salt: int

    @property
    def top(self) -> float:
        """Height of the ridge."""
        return self.height + self.gable


def draw_facade(stream: Stream, light: Light) -> Facade:
    """Draw the look of a house."""
    storey = stream.uniform(2.7, 3.8)
    width, tall = stream.uniform(0.3, 0.75), stream.uniform(0.35, 0.7)
    return Facade(
        height=storey * stream.choice((2, 2, 3, 3, 4, 5, 6, 9)) + 0.8,
        wall=stream.colour(WALLS, 20),
        trim=stream.colour(WALLS, 25),
        glass=stream.colour(GLASS, 14),
        roof=stream.colour(ROOFS, 14),
        lamp=stream.colour(LAMP_LIGHT, 4),
        shop=stream.colour(SHOPS, 16),
        storey=storey,
        bay=stream.uniform(1.5, 4.0),
        window=(0.5 - width / 2, 0.5 + width / 2, 0.9 - tall, 0.9),
        gable=stream.uniform(1.0, 3.0) if stream.chance(0.35) else 0.0,
        brick=stream.uniform(0.1, 0.3) if stream.chance(0.4) else 0.0,
        stain=stream.uniform(0.05, 0.35),
        ribbon=stream.chance(0.15),
        has_shop=stream.chance(0.45),
        lit=light.lamps * stream.uniform(0.2, 0.9),
        salt=stream.integer(0, 64))


def paint_houses(canvas: Canvas, street: Street, light: Light,
                 stream: Stream) -> None:
    """Paint the rows of houses on both sides, far to near."""
    for x, side_light in ((street.left, light.left), (street.right,
                                                      light.right)):
        houses = []
        z = stream.uniform(1.0, 4.0) if stream.chance(0.75) else \
            stream.uniform(10.0, 30.0)
        end = stream.uniform(40.0, 110.0)
        while z < end:
            length = stream.uniform(6.0, 18.0)
            for start, stop in street.crossings:
                if z < stop and z + length > start:
                    if start - z > 3.0:
                        length = start - z
                    else:
                        z = stop
            setback = stream.uniform(0.0, 2.5) if stream.chance(0.2) else 0.0
            houses.append((z, z + length, setback))
            z = z + length
            if stream.chance(0.12):
                z = z + stream.uniform(3.0, 14.0)
        facades = [draw_facade(stream, light) for _ in houses]
        for i in range(len(houses) - 1, -1, -1):
            start, stop, setback = houses[i]
            # The end of a house is hidden by a taller one that touches it.
            hidden = i > 0 and houses[i - 1][1] == start and houses[
                i - 1][2] <= setback and facades[i - 1].top >= facades[i].top
            wall = x - setback if x < 0 else x + setback
            _paint_house(canvas, wall, start, stop, facades[i], side_light,
                         0.0 if hidden else light.front)
    if stream.chance(0.3):  # A house closes the street.
        z = stream.uniform(60.0, 110.0)
        facade = draw_facade(stream, light)
        plane = canvas.facing_plane(z, 2 * street.left, 2 * street.right, 0.0,
                                    facade.height)
        if plane is not None:
            _paint_wall(canvas, plane, facade, 2 * street.left,
                        2 * street.right, light.front)


def _paint_house(canvas, x, start, stop, facade, side_light, front_light):
    if front_light:
        outer = x + (12.0 if x > 0 else -12.0)
        left, right = min(x, outer), max(x, outer)
        plane = canvas.facing_plane(start, left, right, 0.0, facade.top)
        if plane is not None:
            _paint_wall(canvas, plane, facade, left, right, front_light)
    plane = canvas.side_plane(x, start, stop, facade.top)
    if plane is not None:
        _paint_wall(canvas, plane, facade, start, stop, side_light)


def _paint_wall(canvas: Canvas, plane: Plane, facade: Facade, start: float,
                stop: float, brightness: float) -> None:
    """Paint a wall from ``start`` to ``stop`` on the plane's u axis."""
    u, v = plane.u - start, plane.v
    length = stop - start
    bays = max(1.0, np.floor(length / facade.bay))
    bay = u * (bays / length)
    level = v / facade.storey
    fu, fv = bay - np.floor(bay), level - np.floor(level)
    in_wall = (v >= 0) & (v < facade.height) & (u >= 0) & (u < length)
    near = np.minimum(1.0, 10.0 / plane.z)
    salt = facade.salt

    shade = 1.0 + facade.stain * (
        canvas.noise(u / 3.0, v / 2.0, salt) - 0.5) + 0.1 * (
            canvas.noise(u / 0.3, v / 0.3, salt + 1) - 0.5)
    shade = shade * (0.85 + 0.15 * np.minimum(1.0, v / 4.0))
    if facade.brick:
        bricks = canvas.cells(u / 0.5 + 0.5 * np.floor(v / 0.2), v / 0.2,
                              salt + 2)
        shade = shade + facade.brick * (bricks - 0.5) * near
    colour = shade[..., None] * facade.wall

    left, right, low, high = facade.window
    frame = (fv > low) & (fv < high)
    if not facade.ribbon:
        frame = frame & (fu > left) & (fu < right)
    frame = frame & (v < facade.height - 0.5)
    ground_floor = (v < facade.storey) & facade.has_shop
    pane = canvas.cells(bay, level, salt + 3)
    colour = np.where((frame & ~ground_floor)[..., None],
                      (0.6 + 0.8 * pane[..., None]) * facade.glass, colour)
    band = np.abs(v - facade.height + 0.25) < 0.25
    band = band | (np.abs(v - facade.storey) < 0.15)
    colour = np.where(band[..., None], shade[..., None] * facade.trim, colour)
    if facade.has_shop:
        board = ground_floor & (fv > 0.75)
        window = ground_floor & (fv > 0.15) & (fv < 0.75) & (fu > 0.1) & (
            fu < 0.9)
        colour = np.where(ground_floor[..., None], 0.7 * facade.shop, colour)
        colour = np.where(board[..., None], facade.shop, colour)
        colour = np.where(window[..., None],
                          (0.5 + pane[..., None]) * facade.glass, colour)
        frame = frame | window
    lit = frame & (canvas.cells(bay, level, salt + 4) < facade.lit)
    glow = np.where(lit[..., None],
                    (0.5 + 0.5 * pane[..., None]) * facade.lamp, 0.0)
    canvas.paint(
        plane.roi, in_wall, colour * brightness, BUILDING, plane.z, glow=glow)
    if facade.gable:
        # A row of pitched roofs, one to about six metres.
        count = max(1.0, np.floor(length / 6.0))
        f = u * (count / length)
        f = 1.0 - 2.0 * np.abs(f - np.floor(f) - 0.5)
        roof = (v >= facade.height) & (v < facade.height + facade.gable * f)
        roof = roof & (u >= 0) & (u < length)
        tiles = 0.8 + 0.4 * canvas.cells(u / 0.4, v / 0.3, salt + 5)
        canvas.paint(plane.roi, roof,
                     tiles[..., None] * facade.roof * brightness, BUILDING,
                     plane.z)
