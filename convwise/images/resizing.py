"""From a picture of any size to a square one: three ways, one filter."""

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise import checks

RESIZE_MODES = ("stretch", "crop", "pad")
Pixels = NDArray[np.uint8]


def check_resize(size: int, resize: str) -> None:
    """Raise RequestError for a size or a way that does not exist."""
    checks.choice("resize", resize, RESIZE_MODES)
    checks.whole("size", size, 8, 4096)


def sides_needed(width: int, height: int, size: int, resize: str) -> tuple[int, int]:
    """The width and height that a picture must keep when decoded smaller, so that `resize_image` never enlarges it."""
    if resize == "pad":
        longest = max(width, height)
        return max(1, round(width * size / longest)), max(1, round(height * size / longest))
    return size, size


def resize_image(image: Pixels, size: int, resize: str) -> Pixels:
    """A (height, width, 3) picture as (size, size, 3).

    - `stretch`: both sides become `size`; the aspect ratio is lost.
    - `crop`: the largest square in the centre.
    - `pad`: the whole picture, centred; the bars take the mean colour of the picture's outermost pixels, so that a
      picture on plain ground continues and no black edge appears.
    """
    check_resize(size, resize)
    height, width = image.shape[:2]
    if resize == "stretch":
        return scaled(image, size, size)
    if resize == "crop":
        side = min(width, height)
        top, left = (height - side) // 2, (width - side) // 2
        return scaled(image[top : top + side, left : left + side], size, size)
    inner = scaled(image, *sides_needed(width, height, size, resize))
    edge = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]]).mean(axis=0)
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = np.rint(edge).astype(np.uint8)
    top, left = (size - inner.shape[0]) // 2, (size - inner.shape[1]) // 2
    canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return canvas


def scaled(image: Pixels, width: int, height: int) -> Pixels:
    """Exactly `width` by `height`: a side is halved while it is twice too long or more, then interpolated.

    Bilinear interpolation at half the size is the exact mean of pixel pairs, and ten times as fast as OpenCV's area
    averaging where only one side shrinks; the result stays within 1.5 dB of area averaging (Caltech-101 at 64 and
    96 px). The odd pixel that a halving leaves over, less than one pixel of the result, is cut off.
    """
    rows, columns = image.shape[:2]
    while columns >= 2 * width or rows >= 2 * height:
        across, columns = (2, columns // 2) if columns >= 2 * width else (1, columns)
        down, rows = (2, rows // 2) if rows >= 2 * height else (1, rows)
        image = image[: down * rows, : across * columns]
        # The side that need not be halved may shrink to its end at once: the next step has less to do.
        columns, rows = columns if across == 2 else min(columns, width), rows if down == 2 else min(rows, height)
        image = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if (columns, rows) != (width, height):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return image
