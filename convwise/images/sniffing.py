"""What a file is: by its first bytes; its name counts only where it promises a picture that they do not show."""

import re

from PIL import Image, features

_AVIF = ("AVIF",) if "avif" in features.get_supported_modules() else ()
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", *_AVIF)
HEAD_BYTES = 512
"""Bytes from the start of a file that `sniff` and `foreign` need."""

_READ_SUFFIXES = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "gif", "tif", "tiff"})
_RAW = "RAW of a camera"
_RAW_SUFFIXES = "3fr arw cr2 cr3 crw dcr dng erf iiq kdc mef mos mrw nef nrw orf pef raf rw2 rwl sr2 srf srw x3f"
_FOREIGN_SUFFIXES = {
    **dict.fromkeys(_RAW_SUFFIXES.split(), _RAW),
    **dict.fromkeys(("heic", "heif", "hif"), "HEIC"),
    **dict.fromkeys(("jp2", "j2k", "jpf", "jpx", "j2c", "jpc"), "JPEG 2000"),
    **dict.fromkeys(("psd", "psb"), "PSD"),
    **dict.fromkeys(("svg", "svgz"), "SVG"),
    **dict.fromkeys(("ppm", "pgm", "pbm", "pnm", "pam"), "PNM"),
    **dict.fromkeys(("dcm", "dicom"), "DICOM"),
    **{name: name.upper() for name in ("avif", "pdf", "eps", "tga", "exr", "hdr", "dds", "ico", "xcf", "qoi", "pcx")},
    "jxl": "JPEG XL",
    "jxr": "JPEG XR",
}
IMAGE_SUFFIXES = _READ_SUFFIXES | _FOREIGN_SUFFIXES.keys()
"""A file of such a name is counted among the pictures, readable or not."""

_PNM = re.compile(rb"P[1-6]\s+(#|\d)")
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": _RAW,
}
_FOREIGN_HEADS = {
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"II\xbc\x01": "JPEG XR",
    b"8BPS": "PSD",
    b"%PDF-": "PDF",
    b"%!PS-Adobe": "EPS",
    b"\xc5\xd0\xd3\xc6": "EPS",
    b"v/1\x01": "EXR",
    b"#?RADIANCE": "HDR",
    b"DDS ": "DDS",
    b"gimp xcf": "XCF",
    b"qoif": "QOI",
    b"FUJIFILMCCD-RAW": _RAW,
    b"IIU\0": _RAW,
    b"IIRO": _RAW,
    b"IIRS": _RAW,
    b"FOVb": _RAW,
}
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)


def sniff(head: bytes) -> str | None:
    """The format (one of `FORMATS`) that the first `HEAD_BYTES` bytes announce, or None for no image we read."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(_TIFF):
        return "TIFF"
    # "BM" alone begins many a text, so the header's size must be one that exists.
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    return "AVIF" if _AVIF and _brand(head) == "AVIF" else None


def foreign(head: bytes, name: str = "") -> str | None:
    """The name of a picture format that is not read here: by the first `HEAD_BYTES` bytes, else by the file's name.

    A camera's raw file calls itself TIFF, and is one whose first picture is a thumbnail: its name comes first.
    """
    by_name = _FOREIGN_SUFFIXES.get(name.rpartition(".")[2].lower())
    if by_name == _RAW or (head.startswith(_TIFF) and head[8:10] == b"CR"):
        return _RAW
    if sniff(head):
        return None
    for start, known in _FOREIGN_HEADS.items():
        if head.startswith(start):
            return known
    if brand := _brand(head):
        return brand
    if head[128:132] == b"DICM":
        return "DICOM"
    if _PNM.match(head):
        return "PNM"
    if head.lstrip()[:1] == b"<" and b"<svg" in head.lower():
        return "SVG"
    return by_name if head else None


def not_read(known: str) -> str:
    """The reason that a user reads."""
    return f"{known}: not read here; convert it to JPEG or PNG"


def _brand(head: bytes) -> str | None:
    """HEIC, AVIF and newer raw files are boxes, of which the first tells the main brand and others that fit."""
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4]), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    if any(brand in (b"avif", b"avis") for brand in brands):
        return "AVIF"
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def exif_orientation(exif: bytes | Image.Exif) -> int:
    """The orientation tag, 1 (upright) where it is missing, out of range, or the EXIF block is broken."""
    try:
        if isinstance(exif, bytes):
            block = Image.Exif()
            block.load(exif)
            exif = block
        value = exif.get(0x0112, 1)
    except Exception:  # a broken EXIF block says nothing about the pixels: every decoder ignores it
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
