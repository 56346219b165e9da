"""Archives as bytes, made member by member, and the ways in which a header can lie."""

from __future__ import annotations

import io
import random
import struct
import tarfile
import warnings
import zipfile
from dataclasses import dataclass

_TAR_KINDS = {
    "file": tarfile.REGTYPE, "symlink": tarfile.SYMTYPE, "link": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE,
    "character": tarfile.CHRTYPE, "block": tarfile.BLKTYPE,
}  # fmt: skip
_ZIP_MODES = {
    "file": 0o100644,
    "symlink": 0o120777,
    "link": 0o120777,
    "fifo": 0o010644,
    "character": 0o020644,
    "block": 0o060644,
}


@dataclass(frozen=True)
class Member:
    """One entry; a link's `target`."""

    name: str
    content: bytes = b""
    kind: str = "file"
    target: str = ""


def classes_of_caltech() -> list[str]:
    """The class folders that the data set must have."""
    from convwise.images.caltech import CALTECH_CLASSES

    return sorted(CALTECH_CLASSES)


def archive_bytes(rng: random.Random, form: str, members: list[Member]) -> bytes:
    """A .zip or a .tar, compressed or not."""
    made = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(made, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for member in members:
                info = zipfile.ZipInfo("x")
                info.filename = member.name.encode("utf-8", "replace").decode()
                info.external_attr = _ZIP_MODES[member.kind] << 16
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of a name that comes twice
                    archive.writestr(info, member.target.encode() if member.target else member.content)
        return made.getvalue()
    with tarfile.open(fileobj=made, mode=f"w:{form.partition('.')[2]}", format=rng.choice((0, 1, 2))) as tar:
        for member in members:
            header = tarfile.TarInfo(member.name)
            header.type, header.linkname, header.size = _TAR_KINDS[member.kind], member.target, len(member.content)
            try:
                tar.addfile(header, io.BytesIO(member.content))
            except ValueError:  # the oldest format holds no long names
                tar.addfile(tarfile.TarInfo("Faces/short"))
    return made.getvalue()


def spoiled_archive(rng: random.Random, members: list[Member]) -> bytes:
    """A header that lies about its size, a password, a bomb, a rare compression, nothing at all."""
    sort = rng.randrange(8)
    if sort == 0:
        return _lying_tar(rng, members)
    if sort == 1:
        return _lying_zip(rng, archive_bytes(rng, "zip", members or [Member("a", b"a")]))
    if sort == 2:  # the bit for encryption, in both headers
        data = archive_bytes(rng, "zip", members or [Member("a", b"a")])
        return data.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\x01\0").replace(
            b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0"
        )
    if sort == 3:
        bomb = Member("Faces/bomb.jpg", bytes(rng.choice((1, 40)) * 2**20))
        return archive_bytes(rng, rng.choice(("zip", "tar.gz", "tar.xz")), [*members[:2], bomb])
    if sort == 4:  # a compression that nobody knows
        data = archive_bytes(rng, "zip", members or [Member("a", b"a")])
        return data.replace(b"PK\x01\x02\x14\x03\x14\0\0\0\x00\0", b"PK\x01\x02\x14\x03\x14\0\0\0\x63\0")
    if sort == 5:
        return archive_bytes(rng, "tar", [Member(f"{i}/" * 40, b"") for i in range(300)])
    if sort == 6:
        return rng.choice((b"", b"PK\x05\x06" + bytes(18), bytes(10240), b"\x1f\x8b\x08\0", rng.randbytes(600)))
    return archive_bytes(rng, "zip", [Member("a.zip", archive_bytes(rng, "zip", members))])


def _lying_tar(rng: random.Random, members: list[Member]) -> bytes:
    data = bytearray(archive_bytes(rng, "tar", [*members[:2], Member("Faces/liar.jpg", b"x" * 700), *members[2:4]]))
    at = data.find(b"Faces/liar.jpg") // 512 * 512
    base256 = struct.pack(">I", 0x80000000) + struct.pack(">Q", rng.choice((2**40, 2**62, 2**63)))
    negative = b"\xff" * 12
    sizes = (
        b"77777777777\0",
        base256,
        negative,
        b"           \0",
        b"-1234567890\0",
        b"00000000000\0",
        b"9z\0" + bytes(9),
    )
    data[at + 124 : at + 136] = rng.choice(sizes)
    data[at + 148 : at + 156] = b"%06o\0 " % (256 + sum(data[at : at + 148]) + sum(data[at + 156 : at + 512]))
    return bytes(data)


def _lying_zip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    at = changed.find(b"PK\x01\x02")
    size = struct.pack("<I", rng.choice((0, 1, 2**31, 2**32 - 2, 2**32 - 1)))
    for place in rng.sample((20, 24), rng.randint(1, 2)):  # the compressed and the plain size
        changed[at + place : at + place + 4] = size
    return bytes(changed)
