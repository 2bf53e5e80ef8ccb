import struct
import zlib

import numpy as np


def encode_png(array: np.ndarray) -> bytes:
    """Encode an image as a PNG whose bytes depend on its pixels alone.

    The pixels are stored without compression: the output of a compressor
    differs between versions and builds of zlib. Every reader of PNG reads
    this.

    Args:
        array (np.ndarray): uint8, (H, W) for one channel or (H, W, 3) for RGB.

    Returns:
        bytes: The file.
    """
    if array.dtype != np.uint8 or array.ndim not in (2, 3):
        raise TypeError('a PNG is made of a uint8 array of shape (H, W) or '
                        f'(H, W, 3), not {array.dtype} {array.shape}')
    height, width = array.shape[:2]
    # Every row begins with the number of its filter: 0, none.
    rows = np.zeros((height, 1 + array.size // height), dtype=np.uint8)
    rows[:, 1:] = array.reshape(height, -1)
    header = struct.pack('>IIBBBBB', width, height, 8,
                         2 if array.ndim == 3 else 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        _chunk(kind, data) for kind, data in (
            (b'IHDR', header),
            (b'IDAT', _stored_stream(rows.tobytes())),
            (b'IEND', b''),
        ))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b''.join((struct.pack('>I', len(data)), kind, data,
                     struct.pack('>I', zlib.crc32(kind + data))))


def _stored_stream(data: bytes, block: int = 65535) -> bytes:
    """A zlib stream of stored blocks (RFC 1950, RFC 1951)."""
    parts = [b'\x78\x01']
    for start in range(0, len(data), block):
        piece = data[start:start + block]
        last = start + block >= len(data)
        parts.append(
            struct.pack('<BHH', last, len(piece),
                        len(piece) ^ 0xffff))
        parts.append(piece)
    parts.append(struct.pack('>I', zlib.adler32(data)))
    return b''.join(parts)
