"""What stands on the pavement: trees, poles and signs."""
import numpy as np

from .canvas import Canvas
from .classes import POLE, SIGN, TREE
from .light import Light
from .stream import Stream

LEAVES = ((66, 98, 44), (92, 118, 52), (48, 76, 44), (118, 128, 60),
          (86, 122, 76), (142, 150, 84), (70, 100, 80), (150, 132, 48),
          (178, 128, 44), (156, 84, 40))
BARK = ((92, 74, 58), (116, 104, 92), (70, 60, 54), (150, 142, 132))
METAL = ((36, 40, 44), (28, 44, 40), (52, 44, 40), (214, 216, 218),
         (236, 234, 224), (196, 200, 206))
SIGN_FACES = ((196, 36, 40), (36, 84, 170), (232, 232, 228), (228, 186, 40),
              (36, 122, 72), (200, 110, 36), (60, 60, 64))
SCREENS = SIGN_FACES + ((210, 120, 150), (120, 190, 200), (150, 120, 180))
LAMP_LIGHT = np.array((1.0, 0.85, 0.55))


def paint_tree(canvas: Canvas, light: Light, stream: Stream, x: float,
               z: float) -> None:
    """Paint a tree whose trunk stands at (x, z)."""
    kind = stream.choice(
        ('round', 'round', 'round', 'tall', 'cone', 'cone', 'bush'))
    height = stream.uniform(3.5, 9.0)
    radius = height * stream.uniform(0.22, 0.42)
    trunk = height * stream.uniform(0.2, 0.45)
    if kind == 'tall':
        radius, trunk = height * stream.uniform(0.12, 0.18), 0.1 * height
    elif kind == 'cone':
        trunk = 0.1 * height
    elif kind == 'bush':
        height, trunk = stream.uniform(0.7, 1.6), 0.0
        radius = height * stream.uniform(0.5, 0.9)
    plane = canvas.facing_plane(z, x - 1.4 * radius, x + 1.4 * radius, 0.0,
                                1.15 * height)
    if plane is None:
        return
    salt = stream.integer(0, 64)
    lean = stream.uniform(-0.06, 0.06)
    dx = plane.u - x - lean * plane.v
    bark = stream.colour(BARK, 14) * light.front
    thick = 0.03 * height * stream.uniform(0.7, 1.4)
    stem = trunk + 0.4 * (height - trunk)
    thick = max(thick, z / canvas.camera.focal)
    mask = (np.abs(dx) < thick) & (plane.v >= 0) & (plane.v < stem)
    canvas.paint(plane.roi, mask, bark, TREE, z)

    # The crown: an outline moved by coarse noise, with holes of fine noise.
    up = (plane.v - trunk) / (height - trunk)
    a, b = dx / radius, up if kind == 'bush' else 2.0 * up - 1.0
    if kind == 'cone':
        outline = np.abs(a) - (1.0 - up) + np.where(up < 0, 9.0, 0.0)
    else:
        outline = a * a + b * b - 1.0
    coarse = canvas.noise(a * 2.0, b * 2.0, salt) - 0.5
    fine = canvas.noise(a * 6.0, b * 6.0 * height / radius / 2, salt + 1)
    crown = outline + 0.8 * coarse < 0
    holes = 0.93 if kind in ('cone', 'bush') else stream.uniform(0.88, 1.0)
    sun = 0.25 * a * (1 if light.right > light.left else -1)
    shade = 0.62 + 0.3 * up + 0.65 * (fine - 0.4)
    shade = shade - sun * (1 - light.shadow)
    leaf = canvas.noise(a * 14.0, b * 14.0, salt + 2)
    shade = np.clip(shade + 0.35 * (leaf - 0.5), 0.2, 1.4)
    colour = shade[..., None] * stream.colour(LEAVES, 18) * light.front
    crown = crown & (fine < holes) & (plane.v >= 0)
    canvas.paint(plane.roi, crown, colour, TREE, z)


def paint_hedge(canvas: Canvas, light: Light, stream: Stream, x: float,
                z0: float, z1: float) -> None:
    """Paint a hedge along the street."""
    height = stream.uniform(0.8, 2.4)
    plane = canvas.side_plane(x, z0, z1, 1.2 * height)
    if plane is None:
        return
    salt = stream.integer(0, 64)
    top = height * (0.85 + 0.3 * canvas.noise(plane.u / 0.6, np.zeros(
        (1, 1)), salt))
    mask = (plane.v >= 0) & (plane.v < top) & (plane.u > z0) & (plane.u < z1)
    grain = canvas.noise(plane.u / 0.25, plane.v / 0.25, salt + 1)
    shade = 0.55 + 0.25 * plane.v / height + 0.5 * (grain - 0.4)
    brightness = light.left if x < 0 else light.right
    canvas.paint(plane.roi, mask,
                 shade[..., None] * stream.colour(LEAVES, 14) * brightness,
                 TREE, plane.z)


def paint_pole(canvas: Canvas, x: float, z: float, height: float,
               thickness: float, colour: np.ndarray) -> None:
    """Paint an upright pole.

    Its edges are snapped to even columns so that it stays a whole number of
    pixels wide when the image is halved.
    """
    cam = canvas.camera
    half = max(1, int(cam.focal * thickness / z / 2 + 0.5))
    left = 2 * int((cam.column(x, z) - half) / 2.0)
    right = min(left + 2 * half, canvas.width)
    top = max(0, int(cam.row(height, z)))
    bottom = min(int(cam.row(0.0, z)), canvas.height)
    if left < 0 or left >= right or top >= bottom:
        return
    roi = (slice(top, bottom), slice(left, right))
    mask = np.ones((bottom - top, right - left), dtype=bool)
    # A round pole is lighter in its middle.
    across = (np.arange(right - left) + 0.5) / (right - left) - 0.45
    shade = 1.1 - 1.6 * across * across
    canvas.paint(
        roi, mask,
        np.broadcast_to(shade[None, :, None] * colour, mask.shape + (3, )),
        POLE, z)


def paint_lamp_post(canvas: Canvas, light: Light, stream: Stream, x: float,
                    z: float) -> None:
    """Paint a street lamp whose arm reaches over the road."""
    height = stream.uniform(4.0, 7.5)
    thickness = stream.uniform(0.26, 0.46)
    colour = stream.colour(METAL, 16) * light.front
    paint_pole(canvas, x, z, height, thickness, colour)
    reach = stream.uniform(0.5, 1.8) * (1 if x < 0 else -1)
    plane = canvas.facing_plane(z, min(x, x + reach), max(x, x + reach),
                                height - 0.4, height + 0.1)
    if plane is None or stream.chance(0.3):
        return
    along = (plane.u - x) / reach
    arm = (along >= 0) & (along <= 1) & (plane.v > height - thickness) & (
        plane.v < height + 0.05)
    canvas.paint(plane.roi, arm, colour, POLE, z)
    if stream.chance(light.lamps):
        bulb = (along > 0.6) & (along <= 1) & (plane.v > height - 0.4) & (
            plane.v < height - 0.05)
        canvas.paint(
            plane.roi, bulb, LAMP_LIGHT * 0.6, POLE, z, glow=LAMP_LIGHT * 1.5)


def paint_sign(canvas: Canvas, light: Light, stream: Stream, x: float,
               z: float) -> None:
    """Paint a traffic sign, a traffic light or a hoarding with its pole."""
    kind = stream.choice(('round', 'round', 'triangle', 'octagon', 'board',
                          'board', 'traffic light', 'hoarding'))
    colour = stream.colour(METAL, 16) * light.front
    size = stream.uniform(0.8, 1.3)
    middle = stream.uniform(1.9, 2.9)
    half_w = half_h = size / 2
    if kind == 'board':
        half_w = size * stream.uniform(0.5, 1.0)
    elif kind == 'traffic light':
        half_w, half_h = 0.28, 0.7
        middle = stream.uniform(2.4, 3.4)
    elif kind == 'hoarding':
        half_w, half_h = stream.uniform(0.9, 1.8), stream.uniform(0.6, 1.1)
        middle = half_h + stream.uniform(0.7, 2.2)
    paint_pole(canvas, x, z, middle, stream.uniform(0.18, 0.28), colour)
    plane = canvas.facing_plane(z, x - half_w, x + half_w, middle - half_h,
                                middle + half_h)
    if plane is None:
        return
    a, b = (plane.u - x) / half_w, (plane.v - middle) / half_h
    radius = np.maximum(np.abs(a), np.abs(b))
    salt = stream.integer(0, 64)
    face = stream.colour(SIGN_FACES, 14)
    inner = stream.colour(SIGN_FACES, 14)
    if kind == 'round':
        radius = np.sqrt(a * a + b * b)
    elif kind == 'triangle':
        radius = np.maximum(np.abs(a) * 1.1 + (b + 1) * 0.5, -b)
    elif kind == 'octagon':
        radius = np.maximum(radius, (np.abs(a) + np.abs(b)) * 0.72)
    mask = radius < 1.0
    glow = None
    if kind == 'traffic light':
        shown = stream.integer(0, 3)
        lamps = ((210, 40, 36), (224, 160, 40), (40, 190, 110))
        third = np.floor((1.0 - b) * 1.5)
        spot = (1.0 - b) * 1.5 - third - 0.5
        bulb = (third == shown) & (a * a + 4 * spot * spot < 0.75)
        paint = np.where(bulb[..., None], stream.colour(lamps[shown:][:1], 8),
                         stream.colour(((40, 42, 40), (66, 64, 40)), 8))
        glow = np.where(bulb[..., None], 0.4 + 0.8 * light.lamps, 0.0) * paint
    elif kind == 'hoarding':
        stripes = canvas.cells(a * stream.uniform(1, 3),
                               b * stream.uniform(1, 4), salt)
        paint = np.where((stripes < stream.uniform(0.3, 0.7))[..., None],
                         stream.colour(SCREENS, 14),
                         stream.colour(SCREENS, 14))
        if stream.chance(light.lamps):
            glow = 0.45 * paint
    else:
        ring = radius > stream.uniform(0.6, 0.85)
        paint = np.where(ring[..., None], face, inner)
        if stream.chance(0.6):  # Something written or drawn on it.
            text = (np.abs(b) < 0.22) & (np.abs(a) < 0.5)
            paint = np.where(text[..., None], face, paint)
    canvas.paint(plane.roi, mask, paint * light.front, SIGN, z,
                 canvas.new_instance(), glow)
