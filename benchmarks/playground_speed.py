"""How long a move of a slider takes in the playground, in a real browser: from the event to the frame that shows it.

    python benchmarks/playground_speed.py [--size 64] [--filters 32] [--moves 40]

One convolution on a drawn picture; each slider is moved in turn. `script` is the time of computing and drawing, `frame`
that from the event to the first frame after it, which waits for the screen's beat of 16.7 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from pathlib import Path

from machine import machine
from playwright.sync_api import sync_playwright

import convwise

# Slider (parameter, number of its input) -> the values that it is moved between.
MOVES = {"filters": (31, 32), "kernel_size": (3, 5), "strides": (1, 2), "dilation_rate": (1, 2)}
MOVE = """([parameter, value]) => new Promise((done) => {
  const slider = document.querySelector(`[data-parameter=${parameter}] input[type=range]`);
  const began = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => done([convwiseDrawn.milliseconds, performance.now() - began])));
})"""


def main() -> None:
    """Prints a line for each slider, then everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--moves", type=int, default=40)
    asked = parser.parse_args()
    program = os.environ.get("CONVWISE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(convwise.playground(out=Path(folder) / "playground.html").path).as_uri()
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": 1280, "height": 900})
        sides = f"{asked.size}x{asked.size}"
        shown.goto(f"{page}#size={sides}&layer=Conv2D;filters={asked.filters};padding=same")
        shown.wait_for_function("() => globalThis.convwiseDrawn")
        moved = {
            name: [shown.evaluate(MOVE, [name, values[i % 2]]) for i in range(asked.moves)]
            for name, values in MOVES.items()
        }
        browser.close()
    result = {name: summary(pairs) for name, pairs in moved.items()}
    for name, each in result.items():
        times = f"script {each['script_ms']:5.1f} ms, frame {each['frame_ms']:5.1f} ms, worst {each['worst_ms']:.1f}"
        print(f"{name:14} {times}")
    print(json.dumps({"size_px": asked.size, "filters": asked.filters, "sliders": result, "machine": machine()}))


def summary(pairs: list[list[float]]) -> dict[str, float]:
    """Medians of both times, and the longest frame, in ms."""
    scripts, frames = zip(*pairs, strict=True)
    return {
        "script_ms": round(statistics.median(scripts), 1),
        "frame_ms": round(statistics.median(frames), 1),
        "worst_ms": round(max(frames), 1),
    }


if __name__ == "__main__":
    main()
