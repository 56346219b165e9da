"""The tutorial's job as a plain Keras script, without convwise: the other side of `four_classes.py`.

A Python loop over files, everything in memory, per-image augmentation on the processor, StridedNet, Adam 1e-4 with
decay, 50 epochs. After every epoch the test accuracy is printed with the seconds since the process began, less the time
that these tests take.
"""

import argparse
import json
import time
from pathlib import Path

BEGAN = time.perf_counter()

import cv2  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402
from scipy import ndimage  # noqa: E402


def load(folder: Path, paths: list[str], classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels in 0..1 and labels, a file at a time."""
    images, labels = [], []
    for path in paths:
        image = cv2.resize(cv2.imread(str(folder / path)), (96, 96))
        images.append(image[:, :, ::-1])
        labels.append(classes.index(path.split("/")[0]))
    return np.array(images, dtype="float32") / 255.0, keras.utils.to_categorical(labels, len(classes))


class Augmented(keras.utils.PyDataset):
    """Rotation 20 degrees, zoom 0.15, shift 0.2, shear 0.15 degrees, flip, nearest fill: one affine map an image."""

    def __init__(self, x: np.ndarray, y: np.ndarray, batch: int, seed: int) -> None:
        super().__init__()
        self.x, self.y, self.batch, self.random = x, y, batch, np.random.default_rng(seed)
        self.order = self.random.permutation(len(x))

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch)

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[step * self.batch : (step + 1) * self.batch]
        return np.stack([self.warp(self.x[i]) for i in chosen]), self.y[chosen]

    def warp(self, image: np.ndarray) -> np.ndarray:
        angle, shear = np.deg2rad(self.random.uniform(-20, 20)), np.deg2rad(self.random.uniform(-0.15, 0.15))
        zoom, shift = self.random.uniform(0.85, 1.15, 2), self.random.uniform(-0.2, 0.2, 2) * 96
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = turn @ np.array([[1, -np.sin(shear)], [0, np.cos(shear)]]) @ np.diag(zoom)
        offset = 47.5 - matrix @ np.array([47.5, 47.5]) + turn @ shift
        planes = [ndimage.affine_transform(image[:, :, c], matrix, offset, order=1, mode="nearest") for c in range(3)]
        result = np.stack(planes, axis=-1)
        return result[:, ::-1] if self.random.random() < 0.5 else result

    def on_epoch_end(self) -> None:
        self.order = self.random.permutation(len(self.x))


def strided_net(n_classes: int) -> keras.Model:
    """The tutorial's network."""
    decay = keras.regularizers.l2(0.0005)
    own = {"kernel_initializer": "he_normal", "kernel_regularizer": decay}
    model = keras.Sequential([keras.Input((96, 96, 3)), layers.Conv2D(16, 7, strides=2, padding="valid", **own)])
    for filters in (32, 64, 128):
        for strides in (1, 2):
            model.add(layers.Conv2D(filters, 3, strides=strides, padding="same", **own))
            model.add(layers.Activation("relu"))
            model.add(layers.BatchNormalization())
        model.add(layers.Dropout(0.25))
    model.add(layers.Flatten())
    model.add(layers.Dense(512, kernel_initializer="he_normal"))
    model.add(layers.Activation("relu"))
    model.add(layers.BatchNormalization())
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(n_classes, activation="softmax"))
    return model


class Watch(keras.callbacks.Callback):
    """Test accuracy after every epoch, its own time taken off the clock."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.x, self.y, self.rows, self.off = x, y.argmax(1), [], 0.0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        seconds = time.perf_counter() - BEGAN - self.off
        accuracy = float((self.model.predict(self.x, verbose=0).argmax(1) == self.y).mean())
        self.off = time.perf_counter() - BEGAN - seconds
        self.rows.append({"epoch": epoch + 1, "accuracy": accuracy, "seconds": seconds})
        print(json.dumps(self.rows[-1]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("split", type=Path, help="a run's split.json: the same test images for both sides")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    split = json.loads(options.split.read_text())
    classes = sorted({path.split("/")[0] for path in split["train"]})
    x, y = load(options.folder, split["train"] + split["validation"], classes)
    x_test, y_test = load(options.folder, split["test"], classes)
    model = strided_net(len(classes))
    steps = -(-len(x) // 32)
    rate = keras.optimizers.schedules.InverseTimeDecay(1e-4, 1, 1e-4 / options.epochs)
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"])
    watch = Watch(x_test, y_test)
    model.fit(
        Augmented(x, y, 32, options.seed), epochs=options.epochs, callbacks=[watch], verbose=0, steps_per_epoch=steps
    )
    options.out.write_text(
        json.dumps({"rows": watch.rows, "seconds": watch.rows[-1]["seconds"], "n_test": len(x_test)})
    )


if __name__ == "__main__":
    main()
