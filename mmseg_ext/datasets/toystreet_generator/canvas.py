from dataclasses import dataclass
from typing import Optional, Tuple, Union

import numpy as np

SKY_DEPTH = 400.0
"""Depth of the sky in metres; nothing is farther."""

Slices = Tuple[slice, slice]


@dataclass
class Camera:
    """A pinhole camera over a ground plane, looking along it.

    World coordinates in metres: X to the right, Y up from the ground, Z away
    from the camera.

    Args:
        focal (float): Focal length in pixels.
        centre (float): Column of the vanishing point in pixels.
        horizon (float): Row of the horizon in pixels.
        height (float): Height over the ground in metres.
    """
    focal: float
    centre: float
    horizon: float
    height: float

    def column(self, x: float, z: float) -> float:
        """Column of the world position (X, Z)."""
        return self.centre + self.focal * x / z

    def row(self, y: float, z: float) -> float:
        """Row of the world position (Y, Z)."""
        return self.horizon + self.focal * (self.height - y) / z


@dataclass
class Plane:
    """The part of an upright plane that the image shows.

    Args:
        roi (tuple[slice]): Rows and columns of the canvas.
        u (np.ndarray): Horizontal world coordinate of each pixel in metres,
            (1, w): X of a plane that faces the camera, Z of one along the
            street.
        v (np.ndarray): Height over the ground in metres, (h, 1) or (h, w).
        z (float | np.ndarray): Depth in metres, one number or (1, w).
    """
    roi: Slices
    u: np.ndarray
    v: np.ndarray
    z: Union[float, np.ndarray]


class Canvas:
    """Image, labels and depth of a scene that is painted far to near.

    Args:
        height (int): Rows.
        width (int): Columns.
        camera (Camera): Where the scene is seen from.
        noise_tile (np.ndarray): Random numbers in [0, 1), (64, 64): the
            source of all textures.
    """

    def __init__(self, height: int, width: int, camera: Camera,
                 noise_tile: np.ndarray) -> None:
        self.height = height
        self.width = width
        self.camera = camera
        self.tile = noise_tile
        self.colour = np.zeros((height, width, 3))
        self.glow = np.zeros((height, width, 3))
        self.depth = np.full((height, width), SKY_DEPTH)
        # class + 256 * instance, one number to compare when pixels merge.
        self.code = np.zeros((height, width), dtype=np.int32)
        self.instances = 0

    def new_instance(self) -> int:
        """The next instance id, from 1."""
        self.instances += 1
        return self.instances

    def paint(self,
              roi: Slices,
              mask: np.ndarray,
              colour: np.ndarray,
              label: int,
              depth: Union[float, np.ndarray],
              instance: int = 0,
              glow: Optional[np.ndarray] = None) -> None:
        """Paint over what is there.

        Args:
            roi (tuple[slice]): Rows and columns.
            mask (np.ndarray): bool, (h, w): the pixels to paint.
            colour (np.ndarray): RGB in 0 to 1, (3, ) or (h, w, 3).
            label (int): Class.
            depth (float | np.ndarray): Depth in metres.
            instance (int): Instance id, 0 for none. Defaults to 0.
            glow (np.ndarray, optional): Light that is sent out, RGB, (3, ) or
                (h, w, 3). Defaults to None, which is none.
        """
        shape = mask.shape
        chosen = mask[..., None]
        np.copyto(self.colour[roi], colour, where=chosen)
        np.copyto(self.glow[roi], 0.0 if glow is None else glow, where=chosen)
        np.copyto(self.depth[roi], np.broadcast_to(depth, shape), where=mask)
        np.copyto(self.code[roi], label + 256 * instance, where=mask)

    def facing_plane(self, z: float, x0: float, x1: float, y0: float,
                     y1: float) -> Optional[Plane]:
        """The rectangle at depth z; None where the image has none of it."""
        cam = self.camera
        roi = self.clip(
            cam.row(y1, z), cam.row(y0, z), cam.column(x0, z),
            cam.column(x1, z))
        if roi is None:
            return None
        rows, columns = self.pixels(roi)
        u = (columns - cam.centre) * (z / cam.focal)
        v = cam.height - (rows - cam.horizon) * (z / cam.focal)
        return Plane(roi, u[None], v[:, None], z)

    def side_plane(self, x: float, z0: float, z1: float,
                   y1: float) -> Optional[Plane]:
        """The wall at lateral position x between two depths."""
        cam = self.camera
        ends = sorted((cam.column(x, z0), cam.column(x, z1)))
        roi = self.clip(cam.row(y1, z0), cam.row(0.0, z0), *ends)
        if roi is None:
            return None
        rows, columns = self.pixels(roi)
        offset = columns - cam.centre
        # The columns lie on x's side of the vanishing point;
        # only rounding can put one elsewhere.
        offset = np.where(offset * x > 0, offset, x)
        z = (cam.focal * x / offset)[None]
        v = cam.height - (rows - cam.horizon)[:, None] * (z / cam.focal)
        return Plane(roi, z, v, z)

    def noise(self, u: np.ndarray, v: np.ndarray, salt: int) -> np.ndarray:
        """Smooth noise in [0, 1) with one cell a unit of u and v.

        Args:
            u (np.ndarray): First coordinate, broadcastable with ``v``.
            v (np.ndarray): Second coordinate.
            salt (int): Chooses one of many patterns.

        Returns:
            np.ndarray: Noise of the broadcast shape.
        """
        iu, iv = np.floor(u), np.floor(v)
        fu, fv = u - iu, v - iv
        fu, fv = fu * fu * (3.0 - 2.0 * fu), fv * fv * (3.0 - 2.0 * fv)
        a0, a1 = self._index(iu, 29 * salt), self._index(iu + 1, 29 * salt)
        b0, b1 = self._index(iv, 11 * salt), self._index(iv + 1, 11 * salt)
        if v.ndim == 2 and v.shape[1] == 1:
            # One v to a row: a row of the tile serves all its pixels.
            rows = self.tile[b0[:, 0]] * (1.0 - fv) + self.tile[b1[:, 0]] * fv
            if u.shape[0] == 1:
                return rows[:, a0[0]] * (1.0 - fu) + rows[:, a1[0]] * fu
            return np.take_along_axis(rows, a0, 1) * (1.0 - fu) + (
                np.take_along_axis(rows, a1, 1) * fu)
        low = self.tile[b0, a0] * (1.0 - fu) + self.tile[b0, a1] * fu
        high = self.tile[b1, a0] * (1.0 - fu) + self.tile[b1, a1] * fu
        return low * (1.0 - fv) + high * fv

    def cells(self, u: np.ndarray, v: np.ndarray, salt: int) -> np.ndarray:
        """Noise in [0, 1) that is constant in each unit cell of u and v."""
        return self.tile[self._index(np.floor(v), 11 * salt),
                         self._index(np.floor(u), 29 * salt)]

    @staticmethod
    def _index(cell: np.ndarray, shift: int) -> np.ndarray:
        return (cell.astype(np.int64) + shift) & 63

    def clip(self, top: float, bottom: float, left: float,
             right: float) -> Optional[Slices]:
        """The slices of a rectangle; None where the image has none of it."""
        y0, y1 = max(0, int(top)), min(self.height, int(bottom) + 1)
        x0, x1 = max(0, int(left)), min(self.width, int(right) + 1)
        if y0 >= y1 or x0 >= x1:
            return None
        return slice(y0, y1), slice(x0, x1)

    @staticmethod
    def pixels(roi: Slices) -> Tuple[np.ndarray, np.ndarray]:
        """Coordinates of the pixel centres."""
        rows = np.arange(roi[0].start, roi[0].stop, dtype=np.float64) + 0.5
        columns = np.arange(roi[1].start, roi[1].stop, dtype=np.float64) + 0.5
        return rows, columns
