"""From a picture of any size to one of a given shape: three ways, one filter, in colour or gray."""

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.images.image_shape import ImageShape

RESIZE_MODES = ("stretch", "crop", "pad")
Pixels = NDArray[np.uint8]


def check_resize(resize: str) -> None:
    """Raise RequestError for a way that does not exist."""
    checks.choice("resize", resize, RESIZE_MODES)


def sides_needed(width: int, height: int, shape: ImageShape, resize: str) -> tuple[int, int]:
    """The width and height that a picture must keep when decoded smaller, so that `resize_image` never enlarges it."""
    if resize != "pad":
        return shape.width, shape.height
    if width * shape.height >= height * shape.width:  # as wide as the shape, or wider
        return shape.width, max(1, round(height * shape.width / width))
    return max(1, round(width * shape.height / height)), shape.height


def in_channels(image: Pixels, channels: int) -> Pixels:
    """A (height, width, 3) RGB picture as (height, width, channels): as it is for 3, gray for 1.

    Gray is the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded: what JPEG stores as Y, and what Pillow,
    OpenCV and TensorFlow make of RGB. It leaves gray as it is.
    """
    return image if channels == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)[..., None]


def resize_image(image: Pixels, shape: ImageShape, resize: str) -> Pixels:
    """A (height, width, 3) picture as (shape.height, shape.width, 3).

    - `stretch`: both sides become the shape's; the aspect ratio is lost.
    - `crop`: the largest window of the shape's aspect ratio in the centre.
    - `pad`: the whole picture, centred; the bars take the mean colour of the picture's outermost pixels, so that a
      picture on plain ground continues and no black edge appears.
    """
    check_resize(resize)
    height, width = image.shape[:2]
    if resize == "stretch":
        return scaled(image, shape.width, shape.height)
    if resize == "crop":
        rows, columns = _window(height, width, shape)
        top, left = (height - rows) // 2, (width - columns) // 2
        return scaled(image[top : top + rows, left : left + columns], shape.width, shape.height)
    inner = scaled(image, *sides_needed(width, height, shape, resize))
    edge = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]]).mean(axis=0)
    canvas = np.empty((shape.height, shape.width, 3), np.uint8)
    canvas[:] = np.rint(edge).astype(np.uint8)
    top, left = (shape.height - inner.shape[0]) // 2, (shape.width - inner.shape[1]) // 2
    canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return canvas


def _window(height: int, width: int, shape: ImageShape) -> tuple[int, int]:
    """Rows and columns of the largest window of the shape's aspect ratio."""
    if width * shape.height >= height * shape.width:
        return height, max(1, round(height * shape.width / shape.height))
    return max(1, round(width * shape.height / shape.width)), width


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
