"""heatmap: where in a picture a run's network finds its answer, with the test that says whether to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.errors import RequestError
from convwise.files import write_atomically
from convwise.html_repr import ShownAsHtml
from convwise.images.reading import UnreadableImage, load_pixels
from convwise.names import shown
from convwise.nets.backend import require_backend
from convwise.nets.heatmap.occlusion import Ask
from convwise.places import file_to_write, named
from convwise.runs import Run, RunSettings
from convwise.runs.judging import load_model
from convwise.seeds import derive_seed

_LONGEST = 480  # px of the drawing


@dataclass(frozen=True, eq=False)
class HeatmapResult(ShownAsHtml):
    """A heatmap of one picture and one class.

    Attributes:
        image: The picture.
        label: The class whose probability is explained.
        method: "class activation", which is exact, or "occlusion".
        values: (height, width) of the network's picture: how much of the answer comes from each place.
        region: (height, width): the hottest 15 %, which was erased.
        probability: That of the class, 0 to 1.
        after: The same with the region erased.
        after_random: (39,) the same with that region moved elsewhere and erased.
        believable: Whether erasing the region takes away half at least, and more than 95 % of the random ones take.
        sentence: What that shows, in words.
        pixels: (height, width, channels) the picture as the network takes it.
        figure: The file that was drawn; None where none was asked for.

    Example:
        >>> import convwise
        >>> heat = convwise.heatmap("runs/first", "pictures/star/star_0000.png")
        >>> heat.values.shape, heat.method
        ((32, 32), 'class activation')
    """

    image: Path
    label: str
    method: str
    values: NDArray[np.float64]
    region: NDArray[np.bool_]
    probability: float
    after: float
    after_random: NDArray[np.float64]
    believable: bool
    sentence: str
    pixels: NDArray[np.uint8]
    figure: Path | None = None

    def __repr__(self) -> str:
        return f"<HeatmapResult of {self.image}, {self.label}: {self.sentence}>"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "image": str(self.image),
            "label": self.label,
            "method": self.method,
            "probability": self.probability,
            "after": self.after,
            "after_random": self.after_random.tolist(),
            "believable": self.believable,
            "sentence": self.sentence,
            "values": np.round(self.values, 6).tolist(),
            "figure": None if self.figure is None else str(self.figure),
        }


def heatmap(
    run: str | Path | Run,
    image: str | Path,
    *,
    label: str | None = None,
    out: str | Path | None = None,
    trust: bool = False,
) -> HeatmapResult:
    """Shows where in a picture a run's network finds its answer, and tests whether the map is to be believed.

    Class activation (Zhou et al. 2016), which is exact, where the network ends in averaged maps; else occlusion (Zeiler
    and Fergus 2014). No gradient is taken. The hottest 15 % of the picture are erased, and 39 random regions of the
    same form: a map whose region counts for no more than these explains nothing.

    Args:
        run: The run or its folder.
        image: The picture.
        label: The class to explain; the most probable one if None.
        out: A PNG file with the picture and the map; not drawn if None.
        trust: Whether code is run that the run's model file holds, such as a Lambda layer.

    Returns:
        The map, the test, and what it shows in a sentence.

    Raises:
        RequestError: the run is not finished, the picture cannot be read, or there is no such class.
        ConvwiseError: the model file is damaged, or is not the run's network.

    Example:
        >>> import convwise
        >>> heat = convwise.heatmap("runs/first", "pictures/star/star_0000.png", label="star")
        >>> len(heat.after_random), heat.probability >= 0
        (39, True)
    """
    run = run if isinstance(run, Run) else Run.open(run)
    run.require_complete()
    names = run.class_names
    if label is not None:
        checks.choice("label", label, names)
    place = named(image, "image")
    target = None if out is None else file_to_write(out, "out")
    settings = run.settings
    try:
        pixels = pixels_for(settings, place)
    except UnreadableImage as problem:
        raise RequestError(f"image={place}: {problem}") from None
    require_backend()
    model = load_model(run, trust=trust)
    ask = asking(model, settings)
    number = int(ask(pixels[None])[0].argmax()) if label is None else names.index(label)
    heat = heat_for(model, settings, pixels, number, ask)
    from convwise.report.heatmap_words import enlarged, heat_sentence, overlay

    if target is not None:
        _draw(target, np.hstack([enlarged(pixels, _LONGEST), overlay(heat, pixels, _LONGEST)]))
    return HeatmapResult(
        image=place,
        label=names[number],
        method=heat.method,
        values=heat.values,
        region=heat.region,
        probability=heat.probability,
        after=heat.after,
        after_random=heat.after_random,
        believable=heat.believable,
        sentence=heat_sentence(heat, shown(names[number])),
        pixels=pixels,
        figure=target,
    )


def pixels_for(settings: RunSettings, path: Path) -> NDArray[np.uint8]:
    """The picture as the run's network takes it. Raises UnreadableImage."""
    recipe = settings.recipe
    return load_pixels(path, shape=recipe.shape, resize=recipe.resize, rules=settings.reading)


def asking(model: Any, settings: RunSettings) -> Ask:
    """Asks the network as the run's evaluation does."""
    from convwise.training.predict import predict_probabilities

    flip = settings.recipe.flip_averaging

    def ask(stack: NDArray[np.uint8]) -> NDArray[np.float64]:
        return predict_probabilities(model, stack, np.arange(len(stack)), flip_averaging=flip)

    return ask


def heat_for(model: Any, settings: RunSettings, pixels: NDArray[np.uint8], number: int, ask: Ask) -> Any:
    """The heatmap of class `number` with its test, whose random regions follow from the run's seed."""
    from convwise.nets.heatmap.heatmap import heat_of

    recipe = settings.recipe
    seed = derive_seed(recipe.seed, "heatmap")
    return heat_of(model, pixels, number, ask, seed=seed, mirrored=recipe.flip_averaging)


def _draw(target: Path, picture: NDArray[np.uint8]) -> None:
    from PIL import Image

    with write_atomically(target) as file:
        Image.fromarray(picture).save(file, "PNG")
