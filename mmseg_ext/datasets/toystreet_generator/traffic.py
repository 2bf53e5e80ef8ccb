"""What moves in the street: cars and pedestrians."""
import numpy as np

from .canvas import Canvas
from .classes import CAR, PAVEMENT, PEDESTRIAN, ROAD
from .light import Light
from .stream import Stream

CAR_PAINTS = ((228, 228, 226), (30, 30, 34), (140, 142, 146), (86, 90, 96),
              (168, 30, 34), (36, 62, 124), (84, 124, 164), (40, 78, 60),
              (196, 160, 60), (112, 66, 52), (190, 184, 170), (206, 110, 48))
CLOTHES = ((204, 48, 48), (232, 118, 32), (240, 200, 40), (40, 90, 200),
           (30, 150, 170), (200, 60, 140), (120, 60, 160), (60, 170, 80),
           (30, 32, 60), (240, 240, 236))
SKIN = ((226, 184, 156), (196, 146, 112), (134, 92, 68), (92, 64, 50))
HAIR = ((40, 32, 28), (92, 66, 44), (170, 140, 90), (150, 148, 146))
GLASS = np.array((0.16, 0.19, 0.23))
TYRE = np.array((0.09, 0.09, 0.10))
TAIL_LAMP = np.array((0.75, 0.08, 0.06))
HEAD_LAMP = np.array((0.95, 0.93, 0.82))


class _Car:
    """Shape and paint of one car; lengths in metres."""

    def __init__(self, stream: Stream) -> None:
        van = stream.chance(0.2)
        self.width = stream.uniform(1.65, 2.0)
        self.length = stream.uniform(3.6, 5.0)
        self.height = stream.uniform(1.9, 2.4) if van else stream.uniform(
            1.35, 1.7)
        self.belt = self.height * (0.5 if van else stream.uniform(0.55, 0.65))
        # Where the cabin begins and ends and how far its pillars lean.
        self.rear = 0.1 if van else stream.uniform(0.1, 0.9)
        self.bonnet = 0.6 if van else stream.uniform(0.9, 1.4)
        self.lean = 0.15 if van else stream.uniform(0.3, 0.7)
        self.paint = stream.colour(CAR_PAINTS, 20)
        self.windows = not van or stream.chance(0.5)

    def side(self, u, v):
        """Mask, colour and no glow of the side; u runs from the rear."""
        up = (v - self.belt) / (self.height - self.belt)
        body = (v > 0.25) & (v <= self.belt) & (u >= 0) & (u < self.length)
        first = self.rear + self.lean * 0.6 * up
        last = self.length - self.bonnet - self.lean * up
        cabin = (up > 0) & (up <= 1) & (u > first) & (u < last)
        glass = cabin & (up > 0.1) & (up < 0.82) & (u > first + 0.15) & (
            u < last - 0.15) & (
                np.abs(u - self.length * 0.48) > 0.06)
        wheel = np.zeros(body.shape, dtype=bool)
        for hub in (0.75, self.length - 0.8):
            d2 = (u - hub) * (u - hub) + (v - 0.33) * (v - 0.33)
            wheel = wheel | (d2 < 0.35 * 0.35)
        shade = 0.72 + 0.3 * np.clip(v / self.belt, 0.0, 1.0)
        colour = shade[..., None] * self.paint
        if self.windows:
            colour = np.where(glass[..., None], GLASS, colour)
        colour = np.where(wheel[..., None], TYRE, colour)
        return body | cabin | wheel, colour, None

    def end(self, u, v, lamps, on):
        """Mask, colour and glow of the front or rear; u from the middle."""
        half = self.width / 2
        up = (v - self.belt) / (self.height - self.belt)
        across = np.abs(u)
        body = (v > 0.25) & (v <= self.belt) & (across < half)
        cabin = (up > 0) & (up <= 1) & (across < half - 0.05 - 0.22 * up)
        glass = cabin & (up > 0.12) & (up < 0.8) & (
            across < half - 0.15 - 0.22 * up)
        tyre = (v > 0) & (v <= 0.3) & (across < half) & (across > half - 0.3)
        low, high = 0.55 * self.belt, 0.8 * self.belt
        lamp = body & (across > half - 0.38) & (v > low) & (v < high)
        plate = body & (across < 0.28) & (v > 0.4) & (v < 0.55)
        under = body & (v < 0.38)
        shade = 0.8 + 0.25 * np.clip(v / self.belt, 0.0, 1.0)
        shade = np.broadcast_to(shade, body.shape)
        colour = shade[..., None] * self.paint
        for mask, tone in ((under, 0.6 * self.paint), (lamp, lamps),
                           (plate, np.array((0.85, 0.85, 0.8))), (tyre, TYRE)):
            colour = np.where(mask[..., None], tone, colour)
        if self.windows:
            colour = np.where(glass[..., None], GLASS, colour)
        glow = np.where(lamp[..., None], lamps, 0.0) * 1.3 if on else None
        return body | cabin | tyre, colour, glow


def paint_car(canvas: Canvas, light: Light, stream: Stream, x: float, z: float,
              towards: bool) -> None:
    """Paint a car along the street.

    Args:
        canvas (Canvas): What to paint on.
        light (Light): Weather and light.
        stream (Stream): Source of its looks.
        x (float): X of its middle in metres.
        z (float): Depth of its near end in metres.
        towards (bool): Whether it faces the camera.
    """
    car = _Car(stream)
    on = stream.chance(light.lamps)
    instance = canvas.new_instance()
    half = car.width / 2
    _paint_shadow(canvas, x - half - 0.1, x + half + 0.1, z - 0.1,
                  z + car.length)
    wall = x - half if x > 0 else x + half
    if wall * x > 0 and abs(wall) > 0.2:
        plane = canvas.side_plane(wall, z, z + car.length, car.height)
        if plane is not None:
            u = plane.u - z
            u = car.length - u if towards else u
            mask, colour, glow = car.side(u, plane.v)
            brightness = light.right if x > 0 else light.left
            canvas.paint(plane.roi, mask, colour * brightness, CAR, plane.z,
                         instance, glow)
    plane = canvas.facing_plane(z, x - half, x + half, 0.0, car.height)
    if plane is not None:
        lamps = HEAD_LAMP if towards else TAIL_LAMP
        mask, colour, glow = car.end(plane.u - x, plane.v, lamps, on)
        canvas.paint(plane.roi, mask, colour * light.front, CAR, z, instance,
                     glow)


def paint_crossing_car(canvas: Canvas, light: Light, stream: Stream, x: float,
                       z: float) -> None:
    """Paint a car that drives across, its rear at x."""
    car = _Car(stream)
    instance = canvas.new_instance()
    _paint_shadow(canvas, x, x + car.length, z - 0.1, z + car.width)
    plane = canvas.facing_plane(z, x, x + car.length, 0.0, car.height)
    if plane is None:
        return
    u = plane.u - x
    mask, colour, glow = car.side(car.length - u if stream.chance(0.5) else u,
                                  plane.v)
    canvas.paint(plane.roi, mask, colour * light.front, CAR, z, instance, glow)


def paint_pedestrian(canvas: Canvas, light: Light, stream: Stream, x: float,
                     z: float) -> None:
    """Paint a standing or walking person."""
    height = stream.uniform(
        1.1, 1.3) if stream.chance(0.12) else stream.uniform(1.55, 1.95)
    instance = canvas.new_instance()
    _paint_shadow(canvas, x - 0.25, x + 0.25, z - 0.15, z + 0.25)
    plane = canvas.facing_plane(z, x - 0.6, x + 0.6, 0.0, height)
    if plane is None:
        return
    a, b = (plane.u - x) / height, plane.v / height
    stride = stream.uniform(0.0, 0.16)
    wide = stream.uniform(0.12, 0.17)
    head = a * a + (b - 0.93) * (b - 0.93) < 0.065 * 0.065
    crown = head & (b > 0.945)
    torso = (b > 0.46) & (b < 0.86) & (
        np.abs(a) < wide - 0.25 * np.maximum(0.0, b - 0.72))
    down = np.clip((0.5 - b) / 0.5, 0.0, 1.0)
    legs = (b >= 0) & (b <= 0.5) & (
        np.abs(np.abs(a) - 0.04 - stride * down) < 0.05 - 0.012 * down)
    skirt = stream.chance(0.2)
    if skirt:
        legs = legs | ((b > 0.25) & (b <= 0.5) &
                       (np.abs(a) < 0.1 + 0.12 * down))
    coat, trousers = stream.colour(CLOTHES, 18), stream.colour(CLOTHES, 18)
    mask = head | torso | legs
    colour = np.broadcast_to(trousers, mask.shape + (3, ))
    # Arms: the outer part of the torso, a little darker.
    for part, tone in ((torso, coat), (torso & (np.abs(a) > wide - 0.04),
                                       0.8 * coat), (head,
                                                     stream.colour(SKIN, 12)),
                       (crown, stream.colour(HAIR, 12))):
        colour = np.where(part[..., None], tone, colour)
    if stream.chance(0.25):  # A bag.
        bag = (np.abs(a - 0.13) < 0.06) & (np.abs(b - 0.5) < 0.09)
        colour = np.where(bag[..., None], stream.colour(CLOTHES, 18), colour)
        mask = mask | bag
    canvas.paint(plane.roi, mask, colour * light.front, PEDESTRIAN, z,
                 instance)


def _paint_shadow(canvas, x0, x1, z0, z1):
    """Darken the ground between the given positions."""
    cam = canvas.camera
    z0 = max(z0, 0.5)
    roi = canvas.clip(
        cam.row(0.0, z1), cam.row(0.0, z0),
        min(cam.column(x0, z0), cam.column(x0, z1)),
        max(cam.column(x1, z0), cam.column(x1, z1)))
    if roi is None:
        return
    rows, columns = canvas.pixels(roi)
    drop = rows - cam.horizon
    z = (cam.focal * cam.height / np.where(drop > 0.25, drop, 0.25))[:, None]
    x = (columns - cam.centre)[None] * (z / cam.focal)
    mask = (x > x0) & (x < x1) & (z > z0) & (z < z1)
    label = canvas.code[roi]
    mask = mask & ((label == ROAD) | (label == PAVEMENT))
    canvas.colour[roi] *= np.where(mask, 0.55, 1.0)[..., None]
