"""The default's own work as a plain Keras script: the other side of `four_classes.py` at equal work.

The network, size, epochs, batch, optimizer and rates of a run of convwise, and the images of its division, validated
after every epoch and tested once. Everything else is what Keras offers: `image_dataset_from_directory`, a tf.data
pipeline that keeps the decoded images in memory, and the augmentation layers that come nearest.
"""

import argparse
import json
from pathlib import Path

import keras
import tensorflow as tf
from keras import layers

from convwise.conv2d import parse_settings
from convwise.nets import ImageShape, build


def images(folder: Path, size: int, batch: int, seed: int | None) -> tf.data.Dataset:
    """Batches of pixels and one-hot labels; shuffled anew in every epoch where there is a seed."""
    found = keras.utils.image_dataset_from_directory(
        folder, label_mode="categorical", image_size=(size, size), batch_size=None, shuffle=False
    ).cache()
    return (found if seed is None else found.shuffle(len(found), seed=seed)).batch(batch)


def augmentation(recipe: dict, seed: int) -> keras.Sequential:
    """The recipe's augmentation in Keras's layers: a zoom in stands for its crop."""
    asked = recipe["augmentation"]
    zoom = 1 - asked["smallest_crop"] ** 0.5
    return keras.Sequential(
        [
            *([layers.RandomFlip("horizontal", seed=seed)] if asked["horizontal_flip"] else []),
            layers.RandomRotation(asked["rotation_degrees"] / 360, fill_mode=asked["fill"], seed=seed),
            layers.RandomZoom((-zoom, 0.0), fill_mode=asked["fill"], seed=seed),
            layers.RandomBrightness(asked["brightness"], seed=seed),
            layers.RandomContrast(asked["contrast"], value_range=(0, 255), seed=seed),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="with train, validation and test, a sub-folder per class in each")
    parser.add_argument("settings", type=Path, help="the settings.json of a run: what to do alike")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    settings = json.loads(options.settings.read_text())
    recipe = settings["recipe"]
    size, batch, seed = recipe["size"], recipe["batch"], recipe["seed"]
    keras.utils.set_random_seed(seed)
    train = images(options.folder / "train", size, batch, seed)
    validation = images(options.folder / "validation", size, batch, None)
    test = images(options.folder / "test", size, batch, None)
    moved = augmentation(recipe, seed)
    train = train.map(lambda x, y: (moved(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE)
    steps = len(train) * recipe["epochs"]
    warmup = round(recipe["warmup"] * steps)
    peak = recipe["learning_rate"]
    rate = keras.optimizers.schedules.CosineDecay(peak / 10, steps - warmup, warmup_target=peak, warmup_steps=warmup)
    n_classes = len(list((options.folder / "train").iterdir()))
    built = build(
        settings["net"],
        shape=ImageShape(size, size),
        n_classes=n_classes,
        settings=parse_settings([]),
        seed=seed,
        precision="float32",
    )
    model = built.model
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=recipe["weight_decay"]),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe["label_smoothing"]),
        metrics=["accuracy"],
    )
    best = options.out.with_suffix(".weights.h5")
    keep = keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True, save_weights_only=True)
    model.fit(
        train.prefetch(tf.data.AUTOTUNE),
        validation_data=validation,
        epochs=recipe["epochs"],
        callbacks=[keep],
        shuffle=False,  # the pipeline does
        verbose=0,
    )
    model.load_weights(best)
    accuracy = model.evaluate(test, verbose=0, return_dict=True)["accuracy"]
    options.out.write_text(json.dumps({"accuracy": accuracy}) + "\n")


if __name__ == "__main__":
    main()
