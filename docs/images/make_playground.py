"""Writes docs/images/playground.png, the playground in a browser: `python docs/images/make_playground.py`.

Needs Playwright and a Chromium, as `make test-extras` does. The picture in it is drawn.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import convwise

HERE = Path(__file__).resolve().parent
ADDRESS = (
    "#layer=Conv2D;filters=16;kernel_size=5x5;padding=same&layer=MaxPooling2D"
    "&layer=Conv2D;filters=16;dilation_rate=2x2;padding=same;activation=relu&at=0&map=2&row=38&column=27&show=kernel_size"
)


def main() -> None:
    """The page as it stands on a screen of 1,280 by 900 pixels, at most 256 colours."""
    program = os.environ.get("CONVWISE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        made = convwise.playground(out=Path(folder) / "playground.html")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": 1280, "height": 900})
        shown.goto(made.path.as_uri() + ADDRESS)
        shown.wait_for_function("() => globalThis.convwiseDrawn")
        shown.wait_for_timeout(600)
        png = shown.screenshot()
        browser.close()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(256).save(HERE / "playground.png", optimize=True)


if __name__ == "__main__":
    main()
