"""Ways to spoil a picture's bytes: anywhere, at its chunks and segments, and in its pixels alone."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator

Change = Callable[[random.Random, bytes], bytes]
_HUGE = (0, 1, 65_535, 65_536, 89_478_485, 2**31 - 1, 2**32 - 1)


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.choice((0, 1, 3, 8, 12, rng.randrange(len(data) + 1), len(data) - 1))]


def truncate_and_end(rng: random.Random, data: bytes) -> bytes:
    return truncate(rng, data) + _end_of(data)


def overwrite(rng: random.Random, data: bytes) -> bytes:
    at, n = rng.randrange(len(data)), rng.randint(1, 30)
    return data[:at] + rng.choice((b"\0", b"\xff", rng.randbytes(1))) * n + data[at + n :]


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.randint(1, 40)) + data[at:]


def twice(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    end = rng.randrange(at, len(data)) + 1
    return data[:end] + data[at:end] * rng.choice((1, 1, 5, 2000)) + data[end:]


def stray_end(rng: random.Random, data: bytes) -> bytes:
    return data + rng.randbytes(rng.choice((1, 7, 5000)))


def head_alone(rng: random.Random, data: bytes) -> bytes:
    return data[:16] + rng.randbytes(rng.randint(0, 200))


def big_numbers(rng: random.Random, data: bytes) -> bytes:
    """A number of four or two bytes in the head becomes as large as it can."""
    at = rng.randrange(2, min(len(data), 90))
    number = rng.choice(_HUGE)
    order = rng.choice("<>")
    packed = struct.pack(f"{order}I", number) if rng.random() < 0.5 else struct.pack(f"{order}H", number & 0xFFFF)
    return data[:at] + packed + data[at + len(packed) :]


def png_chunks(rng: random.Random, data: bytes) -> bytes:
    """A chunk changed, lost, doubled or moved, with a right checksum."""
    if not data.startswith(b"\x89PNG"):
        return flip_bits(rng, data)
    chunks = list(chunks_of(data))
    at = rng.randrange(len(chunks))
    name, body = chunks[at]
    action = rng.randrange(7)
    if action == 0 and name == b"IHDR":
        chunks[at] = name, struct.pack(">II", rng.choice(_HUGE), rng.choice(_HUGE)) + body[8:]
    elif action <= 1 and body:
        chunks[at] = name, flip_bits(rng, body)
    elif action == 2:
        del chunks[at]
    elif action == 3:
        chunks.insert(at, (name, body))
    elif action == 4:
        chunks[at] = name, b""
    elif action == 5:
        rng.shuffle(chunks)
    else:
        chunks.insert(1, (b"IDAT", zlib.compress(bytes(rng.choice((10, 5_000_000))))))
    return png_of(chunks)


def jpeg_segments(rng: random.Random, data: bytes) -> bytes:
    """A segment lost, doubled, with another length or another marker."""
    if not data.startswith(b"\xff\xd8"):
        return insert(rng, data)
    places = [i for i in range(2, len(data) - 4) if data[i] == 0xFF and data[i + 1] not in (0, 0xFF)]
    at = rng.choice(places) if places else 2
    length = int.from_bytes(data[at + 2 : at + 4])
    action = rng.randrange(5)
    if action == 0:
        return data[:at] + data[at + 2 + length :]
    if action == 1:
        return data[:at] + data[at : at + 2 + length] * rng.choice((2, 300)) + data[at + 2 + length :]
    if action == 2:
        return data[: at + 2] + struct.pack(">H", rng.choice((0, 1, 2, 65535))) + data[at + 4 :]
    if action == 3:
        return data[: at + 1] + bytes([rng.choice((0xC0, 0xC2, 0xC4, 0xDA, 0xD9, 0xDB, 0xE1, 0xFE))]) + data[at + 2 :]
    exif = b"Exif\0\0" + rng.choice((b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08")) + rng.randbytes(rng.randint(0, 60))
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def half(rng: random.Random, data: bytes) -> bytes:
    """The first half of the file: of noise, half of the pixels is lost, whatever the format."""
    return data[: len(data) // 2]


def half_and_end(rng: random.Random, data: bytes) -> bytes:
    """The first half with the format's end put on."""
    return half(rng, data) + _end_of(data)


def png_half_rows(rng: random.Random, data: bytes) -> bytes:
    """A PNG whose one data chunk holds half of the rows, all checksums right; another format loses its half."""
    if not data.startswith(b"\x89PNG"):
        return half_and_end(rng, data)
    chunks = list(chunks_of(data))
    rows = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    rest = [chunk for chunk in chunks if chunk[0] not in (b"IDAT", b"IEND")]
    return png_of([*rest, (b"IDAT", zlib.compress(rows[: len(rows) // 2])), (b"IEND", b"")])


ANYHOW: tuple[Change, ...] = (
    flip_bits, flip_bits, truncate, truncate_and_end, overwrite, insert, twice, stray_end, head_alone, big_numbers,
    png_chunks, png_chunks, jpeg_segments, jpeg_segments,
)  # fmt: skip
INCOMPLETE: tuple[Change, ...] = (half, half_and_end, png_half_rows)
"""After these, of a picture of one frame of noise, pixels are missing: it must be refused."""


def chunks_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of each chunk of a PNG."""
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def png_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """The PNG of these chunks, with checksums."""
    parts = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _end_of(data: bytes) -> bytes:
    if data.startswith(b"\xff\xd8"):
        return b"\xff\xd9"
    if data.startswith(b"\x89PNG"):
        return bytes.fromhex("0000000049454e44ae426082")
    return b"\x00;" if data.startswith(b"GIF") else b""
