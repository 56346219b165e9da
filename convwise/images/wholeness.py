"""Whether a PNG or TIFF holds all of its pixels: decoders are content with fewer, and leave the rest black."""

import zlib
from collections.abc import Iterator

import simplejpeg
from PIL import Image

from convwise.images.rules import UnreadableImage

_BLOCK = 1 << 16  # of compressed data: at most a thousand times as much comes out, a part at a time
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type

# TIFF compressions whose decoders fail where data are missing; 1 is none.
_STRICT = {1, 2, 5, 8, 32773, 32946, 34925, 50000, 50001}
_FAX_3, _FAX_4, _JPEG = 3, 4, 7


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, content) of the chunks, the last one perhaps cut short."""
    at = 8
    while at + 8 <= len(data):
        n_bytes = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + n_bytes]
        at += 12 + n_bytes


def require_whole_png(data: bytes) -> None:
    """Inflate the pixels, a third of the time of decoding them, and count: raises UnreadableImage for too few."""
    wanted, found = 1, 0
    inflater = zlib.decompressobj()
    for kind, content in png_chunks(data):
        if kind == b"IHDR" and len(content) == 13 and content[9] in PNG_CHANNELS:
            wanted = png_bytes(content)
        elif kind == b"IDAT":
            found += _inflated(inflater, content, wanted - found)
        elif found:
            break
    if found < wanted:
        raise UnreadableImage(f"truncated: its data hold {found:,} of {wanted:,} bytes")


def _inflated(inflater: "zlib._Decompress", content: bytes, wanted: int) -> int:
    """How many bytes come out, counted until they are enough."""
    n_bytes = 0
    for start in range(0, len(content), _BLOCK):
        rest = content[start : start + _BLOCK]
        while rest and not inflater.eof and n_bytes < wanted:
            try:
                n_bytes += len(inflater.decompress(rest, 1 << 20))
            except zlib.error:
                return n_bytes
            rest = inflater.unconsumed_tail
    return n_bytes


def png_bytes(header: bytes) -> int:
    """The bytes of all rows."""
    return sum(rows * n_bytes for rows, n_bytes in png_passes(header))


def png_passes(header: bytes) -> list[tuple[int, int]]:
    """(rows, bytes per row) of the parts of a picture: one, or the up to seven of an interlaced one.

    Each row is a filter's number and whole bytes of pixels.
    """
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    bits = header[8] * PNG_CHANNELS[header[9]]
    passes = _ADAM7 if header[12] else ((0, 0, 1, 1),)
    sides = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes]
    return [(rows, 1 + -(-columns * bits // 8)) for columns, rows in sides if columns > 0 and rows > 0]


def require_whole_tiff(image: Image.Image, data: bytes) -> None:
    """Raises UnreadableImage where strips or tiles of the first picture are missing, cut short or lie outside."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    tiled = 322 in tags
    offsets, counts = tags.get(324 if tiled else 273, ()), tags.get(325 if tiled else 279, ())
    width, height = int(tags.get(256, 0)), int(tags.get(257, 0))  # as stored: Pillow's size may be turned
    rows = int(tags.get(323, 0)) if tiled else min(int(tags.get(278, height)), height)
    columns = int(tags.get(322, 0)) if tiled else width
    if rows < 1 or columns < 1:
        raise UnreadableImage("corrupt or truncated header")
    wanted = -(-height // rows) * -(-width // columns)
    if tags.get(284, 1) == 2:  # each channel by itself
        wanted *= int(tags.get(277, 1))
    compression = int(tags.get(259, 1))
    if len(offsets) < wanted or (compression != 1 and len(counts) < wanted):
        raise UnreadableImage(f"truncated: {len(offsets)} of {wanted} parts of its pixels are there")
    if compression in _STRICT:
        return
    parts = [data[at : at + n_bytes] for at, n_bytes in zip(offsets[:wanted], counts[:wanted], strict=True)]
    if compression == _JPEG:
        for part in parts:
            _require_whole_jpeg(bytes(tags.get(347, b""))[:-2] + part[2:] if 347 in tags else part)
    elif compression in (_FAX_3, _FAX_4):
        for number, part in enumerate(parts):
            _require_whole_fax(
                part, compression, rows=min(rows, height - number * rows), reversed_bits=tags.get(266, 1) == 2
            )
    else:
        raise UnreadableImage(f"TIFF compression {compression} is not read here; save it with another")


def _require_whole_jpeg(part: bytes) -> None:
    try:
        simplejpeg.decode_jpeg(part, "GRAY", min_height=1, min_width=1)
    except ValueError as error:
        raise UnreadableImage(f"truncated or corrupt part: {error}"[:120]) from None


def _require_whole_fax(part: bytes, compression: int, *, rows: int, reversed_bits: bool) -> None:
    """Fax decoders fill up what is missing: every row of group 3 begins, and group 4 ends, with a code of its own."""
    bits = "".join(f"{byte:08b}"[::-1] if reversed_bits else f"{byte:08b}" for byte in part)
    end_of_line = "000000000001"
    whole = bits.count(end_of_line) >= rows if compression == _FAX_3 else end_of_line * 2 in bits[-64:]
    if not whole:
        raise UnreadableImage("truncated: the codes at the end of its rows are missing")
