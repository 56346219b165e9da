"""Writes the pictures of pages in docs/images, as a browser shows them: `python docs/images/make.py`.

Needs Playwright and a Chromium, as `make test-extras` does. All pictures in them are drawn: the report is of a run on
the data set `shapes`, which is trained here, and so is the page of a training.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

import convwise

HERE = Path(__file__).resolve().parent
COLUMN = (
    "#layer=Conv2D;filters=16;kernel_size=5x5;padding=same&layer=MaxPooling2D"
    "&layer=Conv2D;filters=16;dilation_rate=2x2;padding=same;activation=relu&at=0&map=2&row=38&column=27&show=kernel_size"
)


def main() -> None:
    """The pages as they stand on a screen of 1,280 by 900 pixels, at most 256 colours."""
    program = os.environ.get("CONVWISE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    wanted = sys.argv[1:] or ["report", "playground", "web"]
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        screen = browser.new_page(viewport={"width": 1280, "height": 900})
        if "report" in wanted:
            run = convwise.train("shapes", out=Path(place) / "first", quiet=True).run
            screen.goto(convwise.report(run, out=Path(place) / "report.html").path.as_uri())
            shot(screen, "report")
        if "playground" in wanted:
            screen.goto(convwise.playground(out=Path(place) / "playground.html").path.as_uri() + COLUMN)
            screen.wait_for_function("() => globalThis.convwiseDrawn")
            shot(screen, "playground")
        if "web" in wanted:
            of_a_training(screen, Path(place))
        browser.close()


def of_a_training(screen: Any, place: Path) -> None:
    """The page of a run after a third of its epochs."""
    begin = [sys.executable, "-m", "convwise"]
    run = ["train", "shapes", "--epochs", "18", "--out", "runs/first", "--quiet"]
    training = subprocess.Popen([*begin, *run], cwd=place)
    page = subprocess.Popen([*begin, "web", "--port", "0"], cwd=place, stdout=subprocess.PIPE, text=True)
    assert page.stdout is not None
    address = page.stdout.readline().split()[1]
    screen.goto(address)
    screen.get_by_role("link", name="runs/first").click(timeout=120_000)
    screen.wait_for_function("() => document.querySelector('h1').textContent.startsWith('Epoch 6 ')", timeout=600_000)
    shot(screen, "web")
    for each in (training, page):
        each.terminate()
        each.wait()


def shot(screen: Any, name: str) -> None:
    """What is on the screen."""
    screen.wait_for_timeout(600)
    picture = Image.open(io.BytesIO(screen.screenshot())).convert("RGB")
    picture.quantize(256).save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
